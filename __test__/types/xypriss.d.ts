/** As much of XyPriss as the snippets in `usage/` touch, in the words of this package. */
import type { IncomingMessage } from 'node:http'
import type { BunClusterManager, ClusterConfig, ClusterEventMap } from 'xypriss-cluster'

interface Response {
  json(value: unknown): void
}

interface App {
  start(): Promise<void>
  get(path: string, handler: (request: IncomingMessage, response: Response) => Promise<void>): void
  on<Name extends keyof ClusterEventMap>(
    event: Name,
    listener: (...data: ClusterEventMap[Name]) => void,
  ): void
  scaleUp: BunClusterManager['scaleUp']
  scaleDown: BunClusterManager['scaleDown']
  getClusterMetrics: BunClusterManager['getMetrics']
  getClusterHealth: BunClusterManager['getHealth']
  getAllWorkers: BunClusterManager['getWorkers']
  stopCluster: BunClusterManager['stop']
}

export function createServer(options: {
  cluster?: { enabled?: boolean; config?: ClusterConfig }
  logging?: { enabled?: boolean; types?: Record<string, boolean>; components?: Record<string, boolean> }
}): App
