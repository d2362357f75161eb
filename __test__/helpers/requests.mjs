/** The requests that are compared: bytes on one connection each, and how many answers are read when. */

/** Every request names this host, so that no port appears in an answer. */
const HOST = ['Host', 'app.test']
const BINARY = Array.from({ length: 70_000 }, (_, index) =>
  String.fromCharCode((index * 7 + (index >> 8)) % 256),
).join('')
const BOUNDARY = 'boundary-of-the-parts'
const MULTIPART = [
  'Content-Disposition: form-data; name="title"\r\n\r\na title',
  'Content-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\ntext of the file',
]
  .map(part => `--${BOUNDARY}\r\n${part}\r\n`)
  .concat(`--${BOUNDARY}--\r\n`)
  .join('')

/** The head of a request; the names of `headers` stay as they are. */
function head(method, path, headers = [], version = '1.1') {
  const lines = [HOST, ...headers].map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${path} HTTP/${version}\r\n${lines.join('')}\r\n`
}

/** One request and its answer. */
function ask(name, method, path, headers, version) {
  return { name, steps: [{ send: head(method, path, headers, version), read: method }] }
}

/** A request with a body of that type. */
function give(name, method, path, type, body) {
  const headers = [
    ['Content-Type', type],
    ['Content-Length', body.length],
  ]
  return { name, steps: [{ send: head(method, path, headers) + body, read: method }] }
}

/** A POST in chunks, each written by itself. */
function chunked(name, path, chunks, trailer = '') {
  const headers = [
    ['Content-Type', 'application/octet-stream'],
    ['Transfer-Encoding', 'chunked'],
  ]
  const parts = chunks.map(chunk => ({ send: `${chunk.length.toString(16)}\r\n${chunk}\r\n` }))
  const end = { send: `0\r\n${trailer}\r\n`, read: 'POST' }
  return { name, steps: [{ send: head('POST', path, headers) }, ...parts, end] }
}

/** Requests of HTTP/1.1 to the routes that all apps have, below `prefix`. */
export function requests(prefix = '') {
  const echo = `${prefix}/echo`
  const origin = ['Origin', 'http://other.test']
  const body = 'expected'
  return [
    ask('a query', 'GET', `${echo}?a=1&b=2&b=3&c=%20x&d`),
    ask('names of headers, their order and case', 'GET', echo, [
      ['X-CuStOm', '1'],
      ['x-lower', '2'],
      ['ACCEPT', 'text/plain'],
      ['X-Twice', 'a'],
      ['x-twice', 'b'],
      ['X-Empty', ''],
      ['X-Latin', 'caf\xe9'],
    ]),
    ask(
      '120 headers',
      'GET',
      echo,
      Array.from({ length: 120 }, (_, index) => [`X-Number-${index}`, index]),
    ),
    ask('addresses that the client claims', 'GET', echo, [
      ['X-Forwarded-For', '203.0.113.7'],
      ['X-Forwarded-Proto', 'https'],
      ['X-Real-IP', '203.0.113.9'],
      ['Forwarded', 'for=203.0.113.8;proto=https'],
    ]),
    ask('cookies of the client', 'GET', echo, [['Cookie', 'a=1; b=x=y; c']]),
    ask('a path with escapes', 'GET', `${echo}/%7Ea/b%20c`),
    ask('two slashes', 'GET', `${prefix}//echo`),
    ask('a long URL', 'GET', `${echo}?long=${'x'.repeat(7_000)}`),
    ask('DELETE', 'DELETE', echo),
    ask('OPTIONS', 'OPTIONS', echo),
    ask('PROPFIND, which few frameworks know', 'PROPFIND', echo),
    // Bun ends the connection without an answer.
    { ...ask('a method that no server knows', 'BREW', echo), mayFail: true },
    give('PUT', 'PUT', echo, 'text/plain', 'plain text'),
    give('PATCH', 'PATCH', echo, 'text/plain', 'plain text'),
    give('JSON', 'POST', echo, 'application/json', '{"a":[1,{"b":"\xc3\xbc"}]}'),
    give('JSON that is none', 'POST', echo, 'application/json', '{"a":'),
    give('a form', 'POST', echo, 'application/x-www-form-urlencoded', 'a=1&b=x%20y&b=z'),
    give('multipart', 'POST', echo, `multipart/form-data; boundary=${BOUNDARY}`, MULTIPART),
    give('a binary body', 'POST', echo, 'application/octet-stream', BINARY),
    give('an empty body', 'POST', echo, 'application/octet-stream', ''),
    chunked('a chunked upload', echo, ['one', ' and ', 'two']),
    chunked('a chunked upload with a trailer', echo, ['one', BINARY], 'X-Trailer: 1\r\n'),
    {
      name: 'Expect: 100-continue',
      steps: [
        {
          send: head('POST', echo, [
            ['Content-Type', 'text/plain'],
            ['Content-Length', body.length],
            ['Expect', '100-continue'],
          ]),
          read: 'continue',
        },
        { send: body, read: 'POST' },
      ],
    },
    ask('a stream', 'GET', `${prefix}/stream`),
    ask('a large answer', 'GET', `${prefix}/large`),
    ask('HEAD of a large answer', 'HEAD', `${prefix}/large`),
    ask('HEAD of a stream', 'HEAD', `${prefix}/stream`),
    ask('204', 'GET', `${prefix}/status/204`),
    ask('418', 'GET', `${prefix}/status/418`),
    {
      name: 'ETag, then If-None-Match',
      steps: [
        { send: head('GET', `${prefix}/tagged`), read: 'GET' },
        { send: head('GET', `${prefix}/tagged`, [['If-None-Match', '{etag}']]), read: 'GET' },
      ],
    },
    ask('a file', 'GET', `${prefix}/file.txt`),
    ask('a range of a file', 'GET', `${prefix}/file.txt`, [['Range', 'bytes=10-29']]),
    ask('a range that is not there', 'GET', `${prefix}/file.txt`, [['Range', 'bytes=90000-']]),
    ask('a redirect', 'GET', `${prefix}/redirect`),
    ask('several cookies', 'GET', `${prefix}/cookies`),
    ask('a path that is not there', 'GET', `${prefix}/nowhere`),
    ask('an error that is thrown', 'GET', `${prefix}/throws`),
    ask('HTTP/1.0', 'GET', echo, [], '1.0'),
    ask('HTTP/1.0 and a stream', 'GET', `${prefix}/stream`, [], '1.0'),
    ask('HTTP/1.0 with keep-alive', 'GET', echo, [['Connection', 'keep-alive']], '1.0'),
    ask('the last request of a connection', 'GET', echo, [['Connection', 'close']]),
    {
      name: 'three requests on one connection',
      steps: ['/echo', '/stream', '/cookies'].map(path => ({
        send: head('GET', prefix + path),
        read: 'GET',
      })),
    },
    ask('compression', 'GET', `${prefix}/text`, [['Accept-Encoding', 'gzip']]),
    ask('a preflight', 'OPTIONS', `${prefix}/cors`, [
      origin,
      ['Access-Control-Request-Method', 'PUT'],
      ['Access-Control-Request-Headers', 'x-own'],
    ]),
    ask('a request of another origin', 'GET', `${prefix}/cors`, [origin]),
    ask('early hints', 'GET', `${prefix}/hints`),
  ]
}

/** A POST of JSON with its answer, for apps that have one route. */
export function post(name, path, json, headers = []) {
  const body = Buffer.from(JSON.stringify(json)).toString('latin1')
  const all = [['Content-Type', 'application/json'], ['Content-Length', body.length], ...headers]
  return { name, steps: [{ send: head('POST', path, all) + body, read: 'POST' }] }
}

/** A GET with its answer. */
export function get(name, path, headers) {
  return ask(name, 'GET', path, headers)
}

/** A WebSocket: its handshake, then `frames`, `[opcode, text]` each, and all that comes until the connection ends. */
export function webSocket(name, path, frames, headers = []) {
  const upgrade = [
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
    ['Sec-WebSocket-Version', '13'],
  ]
  const handshake = { send: head('GET', path, [...upgrade, ...headers]), read: 'upgrade' }
  const sent = frames.map(([opcode, text, frames = 1]) => ({ send: frame(opcode, text), frames }))
  return { name, steps: [handshake, ...sent, { send: frame(8, '\x03\xe8'), read: 'end' }] }
}

/** One frame with a mask of zeros: its payload stays as it is. `opcode` may have the bits of FIN off by -128. */
function frame(opcode, text) {
  const length =
    text.length < 126
      ? String.fromCharCode(128 + text.length)
      : `\xfe${String.fromCharCode(text.length >> 8, text.length % 256)}`
  return `${String.fromCharCode(128 + opcode)}${length}\0\0\0\0${text}`
}
