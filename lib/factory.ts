/** Cluster managers and configurations without `new`. Presets, checks and merging are native. */
import { binding } from './binding.js'
import { BunClusterManager } from './cluster.js'
import type { ClusterConfig } from './config.js'
import { rethrow } from './errors.js'
import { toText } from './plain.js'

/** Another name of {@link BunClusterManager}: one class serves both runtimes. */
export const RobustClusterManager = BunClusterManager
/** Another name of {@link BunClusterManager}: one class serves both runtimes. */
export type RobustClusterManager = BunClusterManager

/** Makes cluster managers, and configurations for them. */
export class ClusterFactory {
  static #instance: ClusterFactory | undefined

  /** The one that all share. A factory keeps nothing, so another one would be as good. */
  static getInstance(): ClusterFactory {
    ClusterFactory.#instance ??= new ClusterFactory()
    return ClusterFactory.#instance
  }

  /**
   * A cluster manager, not started.
   *
   * @param basePort The port that clients connect to. Default 8085; workers get those that follow it.
   * @throws {ConfigurationError} `ERR_CONFIGURATION`, with every problem in `details.problems`.
   */
  create(config: ClusterConfig, basePort: number = binding.defaultBasePort()): RobustClusterManager {
    return new BunClusterManager(config, basePort)
  }

  /** A cluster manager with all defaults, on port 8085 unless `basePort` names another one. */
  createWithDefaults(basePort?: number): RobustClusterManager {
    return this.create({}, basePort)
  }

  /** A cluster manager with the preset of an environment, on port 8085 unless `basePort` names another one. */
  createForEnvironment(env: 'development' | 'production' | 'test', basePort?: number): RobustClusterManager {
    return this.create(this.getEnvironmentConfig(env), basePort)
  }

  /** Whether a configuration can be used; if not, every reason, each beginning with the path of a field. */
  validateConfig(config: ClusterConfig): { valid: boolean; errors: string[] } {
    const errors = problemsOf(config)
    return { valid: errors.length === 0, errors }
  }

  /** What suits a kind of server on this machine: its preset, with workers and memory by what there is. */
  getRecommendedConfig(serverType: 'api' | 'web' | 'microservice' | 'worker'): ClusterConfig {
    return native(() => binding.recommendedConfiguration(serverType))
  }

  /**
   * `override` laid over `base`, field by field; lists are replaced, and `null` takes a field back to its default.
   * Both are left as they are. Short forms such as `autoRestart` come out as the fields that they stand for.
   *
   * @throws {ConfigurationError} `ERR_CONFIGURATION`, when a field of either cannot be used.
   */
  mergeConfigs(base: ClusterConfig, override: Partial<ClusterConfig>): ClusterConfig {
    return native(() => binding.mergeConfigurations([toText(base), toText(override)]))
  }

  /** What suits any app on this machine, by the processors and the memory that this process may use. */
  getIntelligentDefaults(): ClusterConfig {
    return native(() => binding.intelligentConfiguration())
  }

  /** The preset of an environment. */
  getEnvironmentConfig(env: 'development' | 'production' | 'test'): ClusterConfig {
    return native(() => binding.environmentConfiguration(env))
  }
}

/** A cluster manager, not started. The same as `ClusterFactory.getInstance().create(config, basePort)`. */
export function createCluster(config: ClusterConfig = {}, basePort?: number): RobustClusterManager {
  return ClusterFactory.getInstance().create(config, basePort)
}

/** Why a configuration cannot be used; also when there is too much of it to look at. */
function problemsOf(config: unknown): string[] {
  try {
    return binding.configurationProblems(toText(config))
  } catch (cause) {
    const { code, details } = cause as { code?: string; details?: { problems?: string[] } }
    if (code === 'ERR_CONFIGURATION' && details?.problems) return details.problems
    return rethrow(cause)
  }
}

function native(call: () => unknown): ClusterConfig {
  try {
    return call() as ClusterConfig
  } catch (cause) {
    return rethrow(cause)
  }
}
