export interface MemoryStats {
  totalMemory: number;
  freeMemory: number;
  usedMemory: number;
  availableMemory: number;
  usagePercentage: number;
  swapTotal: number;
  swapFree: number;
  swapPercentage: number;
}

export interface WorkerMemoryStats {
  workerId: string;
  pid: number;
  memoryUsage: {
    rss: number;
    heapTotal: number;
    heapUsed: number;
    external: number;
    arrayBuffers: number;
  };
  cpuUsage: number;
  uptime: number;
  timestamp: number;
}
