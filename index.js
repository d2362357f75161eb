/** CommonJS entry. One implementation serves both module systems, so that `instanceof` holds across them. */
module.exports = require('./dist/index.js')
