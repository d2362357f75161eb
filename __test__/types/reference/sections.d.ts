export interface ResourceConfig {
  maxMemoryPerWorker?: string;
  maxCpuPerWorker?: number;
  priorityLevel?: 'low' | 'normal' | 'high';
  memoryManagement?: {
    enabled?: boolean;
    maxTotalMemory?: string;
    memoryCheckInterval?: number;
    memoryWarningThreshold?: number;
    memoryCriticalThreshold?: number;
    memoryLeakDetection?: boolean;
    garbageCollectionHint?: boolean;
    memoryReservation?: string;
  };
  enforcement?: {
    enforceHardLimits?: boolean;
    killOnMemoryExceed?: boolean;
    killOnCpuExceed?: boolean;
  };
  performanceOptimization?: {
    lowMemoryMode?: boolean;
    cpuOptimization?: boolean;
    ioOptimization?: boolean;
  };
}

export interface ProcessManagementConfig {
  respawn?: boolean;
  maxRestarts?: number;
  restartDelay?: number;
  gracefulShutdownTimeout?: number;
  killTimeout?: number;
  zombieDetection?: boolean;
  memoryThreshold?: string;
  cpuThreshold?: number;
}

export interface HealthCheckConfig {
  enabled?: boolean;
  interval?: number;
  timeout?: number;
  maxFailures?: number;
  endpoint?: string;
  retryDelay?: number;
  gracePeriod?: number;
}

export interface AutoScalingConfig {
  enabled?: boolean;
  minWorkers?: number;
  maxWorkers?: number;
  cooldownPeriod?: number;
  scaleStep?: number;
  evaluationInterval?: number;
  scaleUpThreshold?: {
    cpu?: number;
    memory?: number;
    responseTime?: number;
    queueLength?: number;
    consecutiveChecks?: number;
  };
  scaleDownThreshold?: {
    cpu?: number;
    memory?: number;
    idleTime?: number;
    consecutiveChecks?: number;
  };
}
