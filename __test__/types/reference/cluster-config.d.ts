import type { AutoScalingConfig, ErrorHandlingConfig, HealthCheckConfig, IPCConfig, LoadBalancingConfig, MonitoringConfig, ProcessManagementConfig, ResourceConfig, SecurityConfig } from 'xypriss-cluster'

export interface ClusterConfig {
  enabled?: boolean;
  workers?: number | 'auto';
  resources?: ResourceConfig;
  processManagement?: ProcessManagementConfig;
  healthCheck?: HealthCheckConfig;
  loadBalancing?: LoadBalancingConfig;
  ipc?: IPCConfig;
  autoScaling?: AutoScalingConfig;
  monitoring?: MonitoringConfig;
  errorHandling?: ErrorHandlingConfig;
  security?: SecurityConfig;
}
