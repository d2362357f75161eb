import { EventEmitter } from 'node:events'
import type { BunClusterMetrics, BunWorker, ClusterConfig, ClusterHealth } from 'xypriss-cluster'
import type { BunIPCManager } from './names.js'

export class BunClusterManager extends EventEmitter {
  constructor(config: ClusterConfig, basePort: number);
  
  // Lifecycle management
  start(): Promise<void>;
  stop(graceful?: boolean): Promise<void>;
  restart(): Promise<void>;
  
  // Worker management
  spawnWorker(workerId?: string): Promise<BunWorker>;
  stopWorker(workerId: string, graceful?: boolean): Promise<void>;
  restartWorker(workerId: string): Promise<void>;
  
  // Scaling operations
  scale(targetWorkerCount: number): Promise<void>;
  scaleUp(count?: number): Promise<void>;
  scaleDown(count?: number): Promise<void>;
  
  // Information and metrics
  getWorkers(): BunWorker[];
  getWorkerById(workerId: string): BunWorker | undefined;
  getMetrics(): Promise<BunClusterMetrics>;
  getHealth(): Promise<ClusterHealth>;
  
  // Configuration
  updateConfig(config: Partial<ClusterConfig>): Promise<void>;
  getConfig(): ClusterConfig;
  
  // IPC integration
  setIPCManager(ipcManager: BunIPCManager): void;
}
