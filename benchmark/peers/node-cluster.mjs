/** Serves a script by Node's own cluster module: `node-cluster.mjs <script> <workers>`, at the port in `PORT`. */
import cluster from 'node:cluster'

const [script, workers] = process.argv.slice(2)
cluster.setupPrimary({ exec: script, args: [], silent: true })
for (let left = Number(workers); left > 0; left--) cluster.fork()

let listening = 0
cluster.on('listening', () => {
  listening += 1
  if (listening === Number(workers)) console.log(JSON.stringify({ pid: process.pid }))
})
