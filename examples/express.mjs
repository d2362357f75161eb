/** An Express app. Runs by itself with `node examples/express.mjs`; knows nothing of a cluster. */
import express from 'express'

const { PORT = '3000', WORKER_ID = 'a single process' } = process.env

const app = express()

app.get('/', (_request, response) => {
  response.type('text').send(`Hello from ${WORKER_ID}\n`)
})

app.post('/echo', express.text({ type: () => true }), (request, response) => {
  response.type('text').send(request.body)
})

app.listen(PORT)
