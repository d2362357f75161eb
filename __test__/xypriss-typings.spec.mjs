/** The typings of the adapter where XyPriss is not installed: they compile, and know the cluster. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

const CODE = `
import { createServer, withCluster } from 'xypriss-cluster/xypriss'

const app = createServer({ server: { port: 1 }, cluster: { enabled: true, config: { workers: 2, fallback: true } } })
app.get('/', () => {})
const workers: number = app.getAllWorkers().length
const mine = withCluster((options?: { port?: number }) => ({ start: async () => options?.port }))
const other = mine({ port: 1, cluster: { enabled: true } })
const port: Promise<number | undefined> = other.start()
void [workers, port, other.scaleUp(1)]
// @ts-expect-error: not a number of workers
mine({ cluster: { config: { workers: 'two' } } })
// @ts-expect-error: not an option of that createServer
mine({ ports: 1 })
`

test('without XyPriss the typings compile', async () => {
  // Below the root, where packages are found, and where git and the linter do not look.
  mkdirSync(join(ROOT, '.cache'), { recursive: true })
  const folder = mkdtempSync(join(ROOT, '.cache', 'types-'))
  try {
    writeFileSync(join(folder, 'app.ts'), CODE)
    const compilerOptions = {
      noEmit: true,
      skipLibCheck: false,
      paths: { 'xypriss-cluster/xypriss': [join(ROOT, 'xypriss.d.ts')] },
    }
    const config = { extends: '../../tsconfig.json', compilerOptions, include: ['.'] }
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ ...config, compilerOptions: { ...compilerOptions, rootDir: ROOT } }),
    )
    const args = [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', folder, '--pretty', 'false']
    const output = await new Promise(resolve => {
      execFile(process.execPath, args, { cwd: ROOT }, (error, stdout, stderr) =>
        resolve(error ? stdout + stderr || String(error) : ''),
      )
    })
    assert.equal(output, '')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
