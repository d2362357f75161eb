/** An app with all that should not depend on whether it is clustered. */
import { createReadStream, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import serveStatic from 'serve-static'
import { report } from '../../../__test__/fixtures/xypriss/drive.mjs'
import { createServerBy } from './framework.mjs'

const { options, way } = JSON.parse(process.argv[2])
const createServer = await createServerBy(way)
const app = createServer({
  ...options,
  fileUpload: { enabled: true, storage: 'disk', destination: mkdtempSync(join(tmpdir(), 'xypriss-spec-')) },
})

app.use((request, response, next) => {
  request.seen = ['first']
  response.setHeader('x-first', 'yes')
  next()
})
app.use((request, _response, next) => {
  request.seen.push('second')
  if (request.path === '/refused') next(new Error('refused by a middleware'))
  else next()
})
app.use((request, response, next) => {
  if (request.path === '/ended') response.status(203).send('ended by a middleware')
  else next()
})

// This folder, as any middleware of Express would serve it.
app.use((request, response, next) => {
  if (request.path.endsWith('.mjs')) serveStatic(import.meta.dirname)(request, response, next)
  else next()
})

const echo = (request, response) => {
  const { method, path, query, params, body, ip, ips, protocol, secure, hostname, cookies, seen } = request
  const { remoteAddress, remoteFamily } = request.socket
  // The proxy keeps their order only among those of one name, as HTTP has it.
  const headers = Object.entries(request.headers)
    .filter(([name]) => !/^(connection|x-forwarded-(proto|host))$/.test(name))
    .sort()
  const socket = { remoteAddress, remoteFamily }
  response.json({
    method,
    path,
    query,
    params,
    body,
    ip,
    ips,
    protocol,
    secure,
    hostname,
    cookies,
    seen,
    headers,
    socket,
  })
}
app.get('/echo', echo)
app.post('/echo', echo)
app.put('/echo', echo)
app.patch('/echo', echo)
app.delete('/echo', echo)
app.get('/items/:id/parts/:part', echo)

app.get('/cookies', (_request, response) => {
  response.cookie('a', '1', { httpOnly: true, sameSite: 'Strict' })
  response.cookie('b', 'two', { maxAge: 60 })
  response.json({ set: true })
})
app.get('/status', (request, response) => response.status(Number(request.query.code)).send('as you like'))
app.get('/redirect', (_request, response) => response.redirect('/echo?from=redirect'))
app.get('/text', (_request, response) => response.send('text '.repeat(2_000)))
app.get('/throws', () => {
  throw new Error('thrown')
})
app.get('/rejects', async () => {
  throw new Error('rejected')
})
app.get('/file', (_request, response) => {
  response.setHeader('content-type', 'text/javascript')
  createReadStream(import.meta.filename).pipe(response)
})
app.get('/streamed', (_request, response) => {
  for (let part = 0; part < 5; part += 1) response.write(`part ${part}\n`)
  response.end()
})
app.post('/upload', app.uploadSingle('file'), (request, response) => {
  const { originalname, mimetype, size, path } = request.file ?? {}
  const content = path ? readFileSync(path, 'utf8') : null
  response.json({ originalname, mimetype, size, content, fields: request.body })
})
app.post('/uploads', app.uploadArray('files', 3), (request, response) => {
  response.json({ files: request.files?.map(({ originalname, size }) => ({ originalname, size })) })
})

await app.start()
if (!process.env.WORKER_ID) report('started')
