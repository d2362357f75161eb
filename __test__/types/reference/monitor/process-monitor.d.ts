import { EventEmitter } from 'node:events'
import type { ProcessStats, SystemStats } from 'xypriss-cluster'

export class ProcessMonitor extends EventEmitter {
  constructor();
  
  // System monitoring
  getSystemStats(): Promise<SystemStats>;
  
  // Process monitoring
  getProcessStats(pid: number): Promise<ProcessStats>;
  
  // Monitoring lifecycle
  startMonitoring(interval?: number): void;
  stopMonitoring(): void;
  
  // Cleanup
  destroy(): void;
}
