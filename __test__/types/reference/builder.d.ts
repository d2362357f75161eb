import type { AutoScalingConfig, ClusterConfig, HealthCheckConfig, MonitoringConfig, ResilienceConfig, RobustClusterManager, SecurityConfig } from 'xypriss-cluster'

export interface ClusterBuilder {
  withWorkers(count: number | 'auto'): ClusterBuilder;
  withHealthCheck(config: Partial<HealthCheckConfig>): ClusterBuilder;
  withAutoScaling(config: Partial<AutoScalingConfig>): ClusterBuilder;
  withLoadBalancing(strategy: string, options?: any): ClusterBuilder;
  withMonitoring(config: Partial<MonitoringConfig>): ClusterBuilder;
  withSecurity(config: Partial<SecurityConfig>): ClusterBuilder;
  withResilience(config: Partial<ResilienceConfig>): ClusterBuilder;
  enableDevelopmentMode(): ClusterBuilder;
  enableProductionMode(): ClusterBuilder;
  build(): ClusterConfig;
  create(): RobustClusterManager;
}
