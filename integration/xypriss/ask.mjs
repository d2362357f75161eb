/** One request, and its answer as a line of JSON; a script too, as Bun's client cannot choose the address it comes from. */
import http from 'node:http'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'

/** Send what `options` of `http.request` and `body` say, on a connection of its own. */
export function ask(options, body) {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', agent: false, ...options })
    request.on('error', reject)
    request.on('response', async response => {
      try {
        const parts = []
        for await (const part of response) parts.push(part)
        const { statusCode: status, headers } = response
        resolve({ status, headers, body: Buffer.concat(parts) })
      } catch (error) {
        reject(error)
      }
    })
    request.end(body)
  })
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const { status, headers, body } = await ask(JSON.parse(argv[2]))
  process.stdout.write(JSON.stringify({ status, headers, body: body.toString('base64') }))
}
