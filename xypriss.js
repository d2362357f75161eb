/** CommonJS entry of the adapter for XyPriss. */
const { createServer, withCluster } = require('./dist/xypriss/index.js')

module.exports = { createServer, withCluster }
