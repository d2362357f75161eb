import { EventEmitter } from 'node:events'
import type { IPCMessage, IPCResponse } from 'xypriss-cluster'

export class BunIPCManager extends EventEmitter {
  constructor();
  
  // Worker registration
  registerWorker(workerId: string, subprocess: any): void;
  unregisterWorker(workerId: string): void;
  
  // Message sending (master)
  sendToWorker(workerId: string, type: string, data: any): Promise<any>;
  broadcastToWorkers(type: string, data: any): Promise<IPCResponse[]>;
  sendToRandomWorker(type: string, data: any): Promise<any>;
  
  // Message sending (worker)
  sendToMaster(type: string, data: any): Promise<any>;
  
  // Message handling
  registerHandler(type: string, handler: (message: IPCMessage) => Promise<any>): void;
  unregisterHandler(type: string): void;
  
  // Statistics and monitoring
  getWorkerStats(): { total: number; alive: number; dead: number };
  
  // Cleanup
  destroy(): void;
}
