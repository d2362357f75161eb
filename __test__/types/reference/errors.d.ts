export class ClusterError extends Error {
  constructor(message: string, code?: string, details?: any);
  
  readonly code?: string;
  readonly details?: any;
  readonly timestamp: number;
}

export class WorkerStartupError extends ClusterError {}
export class WorkerCommunicationError extends ClusterError {}
export class ResourceExhaustionError extends ClusterError {}
export class ConfigurationError extends ClusterError {}
export class HealthCheckError extends ClusterError {}
