/**
 * An app that works on one request at a time, for 10 ms each, while the others wait. It waits rather than computes: a
 * machine with fewer processors than workers, and a load generator on it, would measure itself else. Says so in one
 * line of JSON when it listens.
 */
import http from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

const WORK = 10

let last = Promise.resolve()
const server = http.createServer((_, response) => {
  last = last.then(() => pause(WORK)).then(() => response.end('done'))
})
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(JSON.stringify({ pid: process.pid }))
})
