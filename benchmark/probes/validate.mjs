/** How long it takes to check a configuration with every field: `validate.mjs`. Prints microseconds in one line of JSON. */
import { createRequire } from 'node:module'
import { ClusterFactory } from 'xypriss-cluster'

/** Enough that what is compiled while running has been compiled, and that the clock does not matter. */
const WARM_UP = 5_000
const TIMES = 2_000

const require = createRequire(import.meta.url)
const { toText } = require('../../dist/plain.js')
const { configurationProblems } = require('../../binding.js')

const factory = ClusterFactory.getInstance()

/** Every field that has no default besides. */
const OPTIONAL = {
  exec: { script: 'app.mjs', args: ['--flag'], execArgv: [], cwd: '.', env: { NAME: 'value' } },
  resources: {
    maxMemoryPerWorker: '16MB',
    maxCpuPerWorker: 80,
    fileDescriptorLimit: 1024,
    memoryManagement: { maxTotalMemory: '64MB' },
  },
  processManagement: { memoryThreshold: '12MB', cpuThreshold: 90 },
  healthCheck: { endpoint: '/health' },
  loadBalancing: { host: '127.0.0.1', weights: [1, 1], stickySession: true, sessionAffinityKey: 'sid' },
  ipc: { channel: 'app' },
  errorHandling: { errorThreshold: 5 },
}

const begin = performance.now()
const full = factory.mergeConfigs(factory.create({ workers: 2 }, 0).getConfig(), OPTIONAL)
const text = toText(full)
const { valid, errors } = factory.validateConfig(full)
const first = (performance.now() - begin) * 1000
if (!valid) throw new Error(errors.join('\n'))

console.log(
  JSON.stringify({
    fields: countOf(full),
    first,
    whole: each(() => factory.validateConfig(full)),
    read: each(() => toText(full)),
    native: each(() => configurationProblems(text)),
  }),
)

/** Microseconds that `call` takes, the mean of many. */
function each(call) {
  for (let done = 0; done < WARM_UP; done += 1) call()
  const start = performance.now()
  for (let done = 0; done < TIMES; done += 1) call()
  return ((performance.now() - start) * 1000) / TIMES
}

function countOf(value) {
  if (typeof value !== 'object' || Array.isArray(value)) return 1
  return Object.values(value).reduce((sum, field) => sum + countOf(field), 0)
}
