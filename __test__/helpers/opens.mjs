/** Clusters whose workers run `opens.mjs`, which opens the servers that the test lists. */
import { isBun, withManager } from './cluster.mjs'
import { request } from './connection.mjs'
import { freePort } from './processes.mjs'

/** The kinds of plain HTTP servers that this runtime has. */
export const KINDS = isBun ? ['http', 'serve'] : ['http']

/**
 * Run `body` with a manager of workers that open `servers`, on `port` or any port that is free with those after it.
 * `servers` may be a function of the port. `env` and the rest of `config` are as for any cluster.
 */
export async function withOpens({ servers, port, env, exec, ...config }, body) {
  const chosen = port ?? (await freePort(24))
  const list = typeof servers === 'function' ? servers(chosen) : servers
  const settings = { ...exec, port: exec?.port, env: { OPENS: JSON.stringify(list), ...env } }
  if (settings.port === undefined) settings.port = null
  await withManager({ app: 'opens.mjs', port: chosen, ...config, exec: settings }, (cluster, context) =>
    body(cluster, { ...context, port: chosen }),
  )
}

/** The text that a server answers, without the worker that did; what the connection failed with otherwise. */
export async function nameAt(port, host) {
  try {
    return (await request(port, '/', { hostname: host })).text.split(' ')[0]
  } catch (error) {
    return error.code ?? error.message
  }
}
