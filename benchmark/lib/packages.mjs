/** Programs from Debian's packages: the peers, and the load generator. */
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'

/** Program → package. */
const PACKAGES = { nginx: 'nginx-light', haproxy: 'haproxy', wrk: 'wrk' }

/** Asked by Debian's packages before they start a service; 101 forbids it. */
const POLICY = '/usr/sbin/policy-rc.d'

/**
 * Paths of `names`, those that are missing installed if this is Debian and we are root; a name that cannot be had is
 * absent from the result.
 */
export function programs(names) {
  const missing = names.filter(name => !find(name))
  if (missing.length > 0 && process.getuid() === 0 && find('apt-get')) install(missing)
  return Object.fromEntries(names.map(name => [name, find(name)]).filter(([, path]) => path))
}

function install(names) {
  const packages = names.map(name => PACKAGES[name])
  console.log(`Installing ${packages.join(', ')}`)
  const forbidServices = !existsSync(POLICY)
  if (forbidServices) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    apt('update')
    // One by one: a package that cannot be had is no reason to go without the others.
    for (const name of packages) apt('install', '-y', '--no-install-recommends', name)
  } finally {
    if (forbidServices) rmSync(POLICY)
  }
}

function apt(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  spawnSync('apt-get', ['-q', ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] })
}

function find(name) {
  // A user's PATH need not have the folders where servers live.
  const folders = [...process.env.PATH.split(':'), '/usr/local/sbin', '/usr/sbin']
  return folders.map(folder => `${folder}/${name}`).find(path => existsSync(path))
}
