/** The error of a start that failed. */
import { ClusterError, toClusterError } from '../errors.js'

/** `cause`, of the class and with the code that it has, in words by which apps tell it from errors of their own. */
export function startError(what: string, cause: unknown): ClusterError {
  const { message = String(cause), code, details } = cause as Partial<ClusterError>
  const text = `${what} did not start: ${message}`
  if (code === undefined) return new ClusterError(text, 'ERR_CLUSTER_START', details, { cause })
  return toClusterError({ code, message: text, details }, { cause })
}
