/** A request that takes exactly as long as the test wants it to. */
import { Connection } from './connection.mjs'

const BODY = 'the end'

/**
 * Begin a request on a connection of its own. It is in the hands of `worker` then, whose response has begun, and
 * `finish()` lets it end and gives what the worker said last.
 */
export async function beginRequest(port, { secure = false } = {}) {
  const connection = await Connection.open(port, { secure })
  connection.sendHead('/talk', { method: 'POST', headers: { 'content-length': BODY.length } })
  const response = connection.body(await connection.head())
  const first = await response.next()
  return {
    ...JSON.parse(first.value.toString()),
    connection,
    async finish() {
      connection.send(BODY)
      let rest = ''
      for await (const part of response) rest += part
      return rest
    },
  }
}
