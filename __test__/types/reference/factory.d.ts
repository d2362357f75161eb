import type { ClusterConfig, RobustClusterManager } from 'xypriss-cluster'

export class ClusterFactory {
  static getInstance(): ClusterFactory;
  
  // Creation methods
  create(config: ClusterConfig): RobustClusterManager;
  createWithDefaults(): RobustClusterManager;
  createForEnvironment(env: 'development' | 'production' | 'test'): RobustClusterManager;
  
  // Configuration utilities
  validateConfig(config: ClusterConfig): { valid: boolean; errors: string[] };
  getRecommendedConfig(serverType: 'api' | 'web' | 'microservice' | 'worker'): ClusterConfig;
  mergeConfigs(base: ClusterConfig, override: Partial<ClusterConfig>): ClusterConfig;
  
  // Intelligent defaults
  getIntelligentDefaults(): ClusterConfig;
  getEnvironmentConfig(env: 'development' | 'production' | 'test'): ClusterConfig;
}
