/** What a manager has done: sums over the links that it has and had. */
import type { IPCStats } from '../ipc.js'
import { Latency } from './latency.js'
import type { Link } from './link.js'

/** Keeps the figures of links that ended. */
export class Figures {
  readonly #past = { sent: 0, received: 0, bytesSent: 0, bytesReceived: 0, failures: 0, timeouts: 0 }
  readonly #latency = new Latency()

  /** `link` has ended. */
  add(link: Link): void {
    addTo(this.#past, link.counters)
    this.#latency.add(link.latency)
  }

  /** With those of `links`, which are open. */
  with(links: Iterable<Link>): IPCStats {
    const sum = { ...this.#past }
    const queue = { requests: 0, bytes: 0, parked: 0 }
    const latency = new Latency()
    latency.add(this.#latency)
    for (const link of links) {
      addTo(sum, link.counters)
      addTo(queue, link.queued)
      latency.add(link.latency)
    }
    return {
      messages: { sent: sum.sent, received: sum.received },
      bytes: { sent: sum.bytesSent, received: sum.bytesReceived },
      failures: sum.failures,
      timeouts: sum.timeouts,
      queue,
      latency: {
        p50: latency.percentile(0.5),
        p95: latency.percentile(0.95),
        p99: latency.percentile(0.99),
        max: latency.percentile(1),
      },
    }
  }
}

function addTo<Key extends string>(sum: Record<Key, number>, more: Record<Key, number>): void {
  for (const key of Object.keys(sum) as Key[]) sum[key] += more[key]
}
