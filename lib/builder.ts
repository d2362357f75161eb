/** A configuration, call by call. */
import { binding } from './binding.js'
import type {
  AutoScalingConfig,
  ClusterConfig,
  HealthCheckConfig,
  MonitoringConfig,
  ResilienceConfig,
  SecurityConfig,
} from './config.js'
import { ConfigurationError, rethrow } from './errors.js'
import { ClusterFactory, type RobustClusterManager } from './factory.js'
import { toText } from './plain.js'

/**
 * Builds a configuration. What is said later is laid over what was said before, and all of it over the preset of the
 * last `enable…Mode()`, whenever that was called.
 */
export class ClusterBuilder {
  /** JSON texts, so that what is changed afterwards in an argument changes nothing here. */
  readonly #parts: string[] = []
  #mode: 'development' | 'production' | undefined

  /** How many workers to run, or `'auto'`: one per processor. */
  withWorkers(count: number | 'auto'): ClusterBuilder {
    return this.#with({ workers: count })
  }

  /** Health checks. */
  withHealthCheck(config: Partial<HealthCheckConfig>): ClusterBuilder {
    return this.#with({ healthCheck: config })
  }

  /** Automatic scaling. */
  withAutoScaling(config: Partial<AutoScalingConfig>): ClusterBuilder {
    return this.#with({ autoScaling: config })
  }

  /** How requests find their worker; `options` are further fields of `loadBalancing`. */
  // biome-ignore lint/suspicious/noExplicitAny: the documented signature; every field is checked
  withLoadBalancing(strategy: string, options?: any): ClusterBuilder {
    if (options !== undefined) this.#with({ loadBalancing: options })
    return this.#with({ loadBalancing: { strategy } })
  }

  /** Metrics and logs. */
  withMonitoring(config: Partial<MonitoringConfig>): ClusterBuilder {
    return this.#with({ monitoring: config })
  }

  /** Isolation of workers. */
  withSecurity(config: Partial<SecurityConfig>): ClusterBuilder {
    return this.#with({ security: config })
  }

  /** What requests may cost when workers fail. */
  withResilience(config: Partial<ResilienceConfig>): ClusterBuilder {
    return this.#with({ resilience: config })
  }

  /** Begin with the preset for a developer's own machine. */
  enableDevelopmentMode(): ClusterBuilder {
    this.#mode = 'development'
    return this
  }

  /** Begin with the preset for where users are served. */
  enableProductionMode(): ClusterBuilder {
    this.#mode = 'production'
    return this
  }

  /**
   * The configuration.
   *
   * @throws {ConfigurationError} `ERR_CONFIGURATION`, with every problem in `details.problems`.
   */
  build(): ClusterConfig {
    try {
      const preset = this.#mode ? [toText(binding.environmentConfiguration(this.#mode))] : []
      const config = binding.mergeConfigurations([...preset, ...this.#parts])
      const problems = binding.configurationProblems(toText(config))
      if (problems.length === 0) return config as ClusterConfig
      throw new ConfigurationError(
        `invalid cluster configuration: ${problems.join('; ')}`,
        'ERR_CONFIGURATION',
        {
          problems,
        },
      )
    } catch (cause) {
      return rethrow(cause)
    }
  }

  /**
   * A cluster manager with the configuration, not started.
   *
   * @param basePort The port that clients connect to. Default 8085.
   * @throws {ConfigurationError} As {@link build}.
   */
  create(basePort?: number): RobustClusterManager {
    return ClusterFactory.getInstance().create(this.build(), basePort)
  }

  #with(part: object): ClusterBuilder {
    this.#parts.push(toText(part))
    return this
  }
}

/** A builder with nothing said yet. */
export function buildCluster(): ClusterBuilder {
  return new ClusterBuilder()
}
