import type { ClusterMetrics } from 'xypriss-cluster'

export interface ClusterEvents {
  'worker:started': (data: { workerId: string; port: number; timestamp: number }) => void;
  'worker:stopped': (data: { workerId: string; timestamp: number }) => void;
  'worker:error': (data: { workerId: string; error: Error; timestamp: number }) => void;
  'worker:restart': (data: { workerId: string; reason: string; timestamp: number }) => void;
  'cluster:started': (data: { workerCount: number; timestamp: number }) => void;
  'cluster:stopped': (data: { timestamp: number }) => void;
  'cluster:scaled': (data: { oldCount: number; newCount: number; timestamp: number }) => void;
  'health:changed': (data: { status: string; details: any; timestamp: number }) => void;
  'metrics:updated': (data: { metrics: ClusterMetrics; timestamp: number }) => void;
}
