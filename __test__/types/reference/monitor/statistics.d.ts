export interface SystemStats {
  cpu: {
    cores: number;
    usage: number;
    loadAverage: number[];
  };
  memory: {
    total: number;
    free: number;
    used: number;
    available: number;
    usagePercentage: number;
  };
  swap: {
    total: number;
    free: number;
    used: number;
    usagePercentage: number;
  };
  uptime: number;
  timestamp: number;
}

export interface ProcessStats {
  pid: number;
  memory: {
    rss: number;
    vms: number;
    heapTotal?: number;
    heapUsed?: number;
    external?: number;
  };
  cpu: {
    usage: number;
    totalTime: number;
  };
  threads: number;
  fileDescriptors: number;
  uptime: number;
  timestamp: number;
}
