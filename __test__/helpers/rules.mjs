/** The only differences that may be between the answers of an app alone and clustered, each with its reason. */

/** Of every app. */
const GENERAL = {
  /** The value is a moment. */
  date: head => head.replace(/^(date: ).*\r$/gim, '$1<moment>\r'),
  /**
   * Both headers describe one connection (RFC 9110 7.6.1), and the connection of the client is the proxy's. What they
   * mean is compared: whether the answer is the last one of its connection.
   */
  connection(head) {
    const closes = /^connection: *close\r$/im.test(head)
    const rest = head.replace(/^(?:connection|keep-alive):.*\r\n/gim, '')
    return rest.replace('\r\n\r\n', `\r\n${closes ? '<closes>' : '<stays open>'}\r\n\r\n`)
  },
}

/** For apps that print something of a process. `{ pattern, by }` of a text of head, body or frame. */
export const OWN = {
  /** The app prints the id of its process. */
  pid: { pattern: /"pid":\d+/g, by: '"pid":"<pid>"' },
  /** Socket.IO makes up an id for each client. */
  session: { pattern: /"sid":"[\w-]{20}"/g, by: '"sid":"<session>"' },
  /** OpenTelemetry makes up an id for each request. */
  trace: { pattern: /"traceId":"[0-9a-f]{32}"/g, by: '"traceId":"<trace>"' },
}

/** An answer of `raw-client.mjs` as it is compared: texts, with what may differ replaced. */
export function comparable(answer, own = []) {
  const apply = text => own.reduce((result, { pattern, by }) => result.replace(pattern, by), text)
  // Where chunks begin and end is no part of a message (RFC 9112 7.1): the client has joined them.
  return Object.fromEntries(
    Object.entries(answer).map(([part, value]) => {
      if (part === 'head') return [part, apply(rulesOf(value))]
      if (part === 'interim') return [part, value.map(rulesOf)]
      if (['body', 'frame', 'rest'].includes(part)) return [part, apply(shown(value))]
      return [part, value]
    }),
  )
}

function rulesOf(head) {
  return Object.values(GENERAL).reduce((result, rule) => rule(result), head)
}

/** The bytes of `base64`, one character each. */
function shown(base64) {
  return Buffer.from(base64, 'base64').toString('latin1')
}
