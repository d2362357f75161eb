/**
 * Preloaded into every worker, before the app. In any other process, such as a child that a worker forks with its
 * own `execArgv`, it does nothing and loads nothing.
 */
const channel = process.env.XYPRISS_CLUSTER_FD

if (channel !== undefined) {
  const { connect } = require('./connection.js') as typeof import('./connection.js')
  connect(Number(channel))
}
