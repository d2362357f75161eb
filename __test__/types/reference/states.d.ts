export enum WorkerState {
  STARTING = 'starting',
  RUNNING = 'running',
  STOPPING = 'stopping',
  STOPPED = 'stopped',
  ERROR = 'error'
}

export enum ClusterState {
  INITIALIZING = 'initializing',
  STARTING = 'starting',
  RUNNING = 'running',
  SCALING = 'scaling',
  STOPPING = 'stopping',
  STOPPED = 'stopped',
  ERROR = 'error'
}
