import { EventEmitter } from 'node:events'
import type { MemoryConfig, MemoryLimitResult, MemoryOptimizationResult, MemoryStats, WorkerMemoryStats } from 'xypriss-cluster'

export class MemoryManager extends EventEmitter {
  constructor(config: MemoryConfig);
  
  // Memory monitoring
  getSystemMemoryStats(): Promise<MemoryStats>;
  getWorkerMemoryStats(workerId: string, pid: number): Promise<WorkerMemoryStats>;
  
  // Memory management
  checkMemoryLimits(workerId: string, currentMemory: number): MemoryLimitResult;
  detectMemoryLeak(workerId: string, currentMemory: number): boolean;
  suggestGarbageCollection(workerId: string): boolean;
  
  // Optimization
  calculateOptimalWorkerCount(systemStats?: MemoryStats): Promise<number>;
  getMemoryOptimizationRecommendations(): Promise<MemoryOptimizationResult>;
  
  // Monitoring lifecycle
  startMonitoring(interval?: number): void;
  stopMonitoring(): void;
  
  // Cleanup
  destroy(): void;
}
