/** Child processes of the scripts: inherited output, one error for every way in which they can fail. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The repository's folder, in which every command runs. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Run `command` in the repository, its output on our own; rejects when it does not exit with 0. */
export function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: 'inherit' })
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      if (code === 0) resolve()
      else reject(new Error(`${command} ${args.join(' ')} ended with ${signal ?? `code ${code}`}`))
    })
  })
}

/** Under `npm run` the npm that started us, so that one that is not on the PATH works as well. */
export function npm(args) {
  const cli = process.env.npm_execpath
  return cli?.endsWith('npm-cli.js') ? run(process.execPath, [cli, ...args]) : run('npm', args)
}

/** Whether the module of this URL is the script that was started. */
export function isMain(url) {
  return process.argv[1] === fileURLToPath(url)
}

/** Run a script's `main`, and end with a message in place of a stack when it fails. */
export function main(body) {
  body().catch(error => {
    console.error(`\n${error.message}`)
    process.exitCode = 1
  })
}
