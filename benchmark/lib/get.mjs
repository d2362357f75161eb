/** One GET on a connection of its own: the proof that a server serves. */
import http from 'node:http'

/** Resolves when `port` answers 200. */
export function get(port) {
  return new Promise((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', port, agent: false }, response => {
      if (response.statusCode === 200) response.resume().once('end', resolve)
      else reject(new Error(`port ${port} answered ${response.statusCode}`))
    })
    request.once('error', reject)
  })
}
