/** Which server is the public one, and where each is placed: the rules, without a server. */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'

const require = createRequire(import.meta.url)
const { Handover } = require('../dist/agent/handover.js')
const { overlap } = require('../dist/agent/overlap.js')
const { PublicPort, isLoopback, parsePort } = require('../dist/agent/public-port.js')
const { shownAddress } = require('../dist/agent/shown-address.js')

const PORTS = { public: 8085, worker: 8086, any: false }
const FACTS = { protocol: 'http', host: '127.0.0.1', port: 1 }

/** A handover, and what it told the master. */
function handover(ports = {}, env = {}, defaults = [], opens = false) {
  const told = []
  const master = {
    open: (id, { host, port }) => {
      if (opens) told.push(`${id} opens ${host ?? '*'}:${port}`)
      return opens
    },
    listening: ({ id, public: isPublic }) => told.push(`${id} ${isPublic ? 'public' : 'other'}`),
    closed: id => told.push(`${id} closed`),
    ready: () => told.push('ready'),
    undecided: () => told.push('undecided'),
  }
  const it = new Handover(new PublicPort({ ...PORTS, ...ports }, env, defaults), master)
  return { it, told, open: asked => open(it, asked) }
}

function open(it, asked) {
  const placement = it.place(asked)
  it.listening(placement, FACTS)
  return placement
}

for (const [what, ports, env, defaults, asked, expected] of [
  ['the public port', {}, {}, [], { port: 8085 }, true],
  ['WORKER_PORT', {}, {}, [], { port: 8086 }, true],
  ['another port', {}, {}, [], { port: 3000 }, false],
  ['any port', {}, {}, [], { port: 0 }, false],
  ['exec.port', { app: 3000 }, {}, [], { port: 3000 }, true],
  ['PORT', {}, { PORT: '3000' }, [], { port: 3000 }, true],
  ['PORT beside exec.port', { app: 4000 }, { PORT: '3000' }, [], { port: 3000 }, false],
  ['PORT that is none', {}, { PORT: 'pipe' }, [], { port: 0 }, false],
  ['PORT 0', {}, { PORT: '0' }, [], { port: 0 }, false],
  [
    'the default of the runtime',
    {},
    { BUN_PORT: '3000', PORT: '4000' },
    ['BUN_PORT', 'PORT'],
    { port: 3000 },
    true,
  ],
  ['PORT beside it', {}, { BUN_PORT: '3000', PORT: '4000' }, ['BUN_PORT', 'PORT'], { port: 4000 }, true],
  [
    'NODE_PORT behind PORT',
    {},
    { PORT: '1', NODE_PORT: '2' },
    ['BUN_PORT', 'PORT', 'NODE_PORT'],
    { port: 2 },
    false,
  ],
  ['a port that is left to the runtime', {}, {}, [], { port: 3000, unspecified: true }, true],
  ['the public port on this machine only', {}, {}, [], { port: 8085, host: '127.0.0.1' }, true],
  ['any port where the cluster chose its own', { any: true }, {}, [], { port: 0 }, true],
  ['another port there', { any: true }, {}, [], { port: 3000 }, true],
  ['another port there, with exec.port', { any: true, app: 4000 }, {}, [], { port: 3000 }, false],
  ['another port there, on this machine only', { any: true }, {}, [], { port: 3000, host: '::1' }, false],
  ['another port there, for the process alone', { any: true }, {}, [], { port: 3000, apart: true }, false],
]) {
  test(`a server that asks for ${what} is ${expected ? '' : 'not '}the public one`, () => {
    const { told, open } = handover(ports, env, defaults)
    const placement = open(asked)
    assert.deepEqual(told, [`1 ${expected ? 'public' : 'other'}`])
    if (expected) assert.deepEqual(placement.at, { host: '127.0.0.1', port: 8086 })
  })
}

test('a guess gives way to a server that asks for the port of the worker', () => {
  const { told, open } = handover({ any: true })
  open({ port: 0 })
  assert.deepEqual(open({ port: 8086 }).at, { host: '127.0.0.1', port: 0 })
  assert.deepEqual(told, ['1 public', '2 public'])
})

for (const [what, servers, expected] of [
  ['no server', [], ['ready']],
  ['a public server', [{ port: 8085 }], ['1 public', 'ready']],
  ['one that others reach', [{ port: 3000 }], ['1 other', '1 public', 'ready']],
  ['one at any port', [{ port: 0 }], ['1 other', '1 public', 'ready']],
  ['one of this machine', [{ port: 3000, host: 'localhost' }], ['1 other', 'ready']],
  ['one of the process', [{ port: 3000, apart: true }], ['1 other', 'ready']],
  ['one of each', [{ port: 1, host: '127.0.0.2' }, { port: 2 }], ['1 other', '2 other', '2 public', 'ready']],
  ['two', [{ port: 1 }, { port: 2 }], ['1 other', '2 other', 'undecided']],
  [
    'two and the public one',
    [{ port: 1 }, { port: 2 }, { port: 8085 }],
    ['1 other', '2 other', '3 public', 'ready'],
  ],
]) {
  test(`an app that is ready with ${what}`, () => {
    const { it, told, open } = handover()
    for (const asked of servers) open(asked)
    it.ready()
    assert.deepEqual(told, expected)
    assert.deepEqual(it.waiting(), [])
  })
}

test('a server that does not listen yet is waited for', () => {
  const { it, told } = handover()
  const placement = it.place({ port: 3000 })
  it.ready()
  assert.deepEqual(told, [])
  it.listening(placement, FACTS)
  assert.deepEqual(told, ['1 other', '1 public', 'ready'])
})

test('one that fails is not', () => {
  const { it, told } = handover()
  const placement = it.place({ port: 3000 })
  it.ready()
  it.release(placement)
  assert.deepEqual(told, ['ready'])
})

test('ready, said again, is said again', () => {
  const { it, told } = handover()
  it.ready()
  it.ready()
  assert.deepEqual(told, ['ready', 'ready'])
})

test('a server that is opened after ready is public if it is the only one', () => {
  const { it, told, open } = handover()
  it.ready()
  open({ port: 3000 })
  open({ port: 4000 })
  assert.deepEqual(told, ['ready', '1 other', '1 public', '2 other'])
})

test('a server that asks for the public port takes it from one that did not', () => {
  const { it, told, open } = handover()
  it.ready()
  open({ port: 3000 })
  open({ port: 8085 })
  assert.deepEqual(told, ['ready', '1 other', '1 public', '2 public'])
})

test('the public server closes, and listens again', () => {
  const { it, told, open } = handover()
  it.release(open({ port: 8085 }))
  assert.deepEqual(open({ port: 8085 }).at, { host: '127.0.0.1', port: 8086 })
  assert.deepEqual(told, ['1 public', '1 closed', '2 public'])
})

test('what waits is known until the public server is there', () => {
  const { it, open } = handover()
  open({ port: 9090, host: '127.0.0.1' })
  assert.deepEqual(it.waiting(), [
    {
      ...FACTS,
      id: 1,
      public: false,
      shared: false,
      v6Only: false,
      requestedHost: '127.0.0.1',
      requestedPort: 9090,
    },
  ])
  open({ port: 8085 })
  assert.deepEqual(it.waiting(), [])
})

test('addresses of this machine', () => {
  for (const host of ['localhost', 'LOCALHOST', '127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1'])
    assert.equal(isLoopback(host), true, host)
  for (const host of [
    undefined,
    '0.0.0.0',
    '::',
    '10.0.0.1',
    'localhost.example',
    '127.example.com',
    '1127.0.0.1',
  ])
    assert.equal(isLoopback(host), false, String(host))
})

test('ports as listen() takes them', () => {
  for (const [port, expected] of [
    [undefined, 0],
    [null, 0],
    ['8080', 8080],
    [' 1 ', 1],
    [65_536, undefined],
    [-1, undefined],
    ['', undefined],
    ['x', undefined],
    [true, undefined],
  ])
    assert.equal(parsePort(port), expected)
})

for (const [what, servers, expected] of [
  ['another port', [{ port: 9090 }], ['1 opens *:9090', '1 other']],
  ['an address', [{ port: 9090, host: '::1' }], ['1 opens ::1:9090', '1 other']],
  ['any port', [{ port: 0 }], ['1 other']],
  ['a port of its own', [{ port: 9090, apart: true }], ['1 other']],
  [
    'the public port of another address',
    [
      { port: 8085, host: '127.0.0.1' },
      { port: 8085, host: '::1' },
    ],
    ['1 public', '2 opens ::1:8085', '2 other'],
  ],
  ['the public port again', [{ port: 8085 }, { port: 8085, host: '::1' }], ['1 public', '2 other']],
]) {
  test(`a server that asks for ${what} is shared if the master can open that`, () => {
    const { told, open } = handover({}, {}, [], true)
    const [last] = servers.map(open).slice(-1)
    assert.deepEqual(told, expected)
    const shared = told.some(line => line.includes('opens'))
    assert.equal(last.shared === true, shared)
    if (shared) assert.deepEqual(last.at, { host: '127.0.0.1', port: 0 })
  })
}

test('exec.port of another address is the public port there', () => {
  const { told, open } = handover({ app: 3000 }, {}, [], true)
  open({ port: 3000, host: '127.0.0.1' })
  open({ port: 3000, host: '::1' })
  assert.deepEqual(told, ['1 public', '2 opens ::1:8085', '2 other'])
})

test('a guess that was wrong gets what it asked for', () => {
  const { told, open } = handover({ any: true }, {}, [], true)
  open({ port: 3000 })
  open({ port: 8086 })
  assert.deepEqual(told, ['1 public', '1 opens *:3000', '1 other', '2 public'])
})

test('what was opened for a server that fails is given back', () => {
  const { it, told } = handover({}, {}, [], true)
  it.release(it.place({ port: 9090 }))
  assert.deepEqual(told, ['1 opens *:9090', '1 closed'])
})

test('a second server of the process on an address is left to fail', () => {
  const { told, open } = handover({}, {}, [], true)
  open({ port: 9090 })
  assert.equal(open({ port: 9090, host: '::1' }).at, undefined)
  assert.deepEqual(told, ['1 opens *:9090', '1 other', '2 other'])
})

for (const [one, other, expected] of [
  [{}, {}, true],
  [{}, { host: '127.0.0.1' }, true],
  [{ host: '0.0.0.0' }, { host: '127.0.0.1' }, true],
  [{ host: '0.0.0.0' }, { host: '::1' }, false],
  [{ host: '0.0.0.0' }, { host: '::', v6Only: true }, false],
  [{ host: '0.0.0.0' }, { host: '::' }, true],
  [{ host: '127.0.0.1' }, { host: '127.0.0.2' }, false],
  [{ host: '127.0.0.1' }, { host: '::1' }, false],
  [{ host: '::1' }, { host: '::1' }, true],
]) {
  test(`${one.host ?? '*'} and ${other.host ?? '*'} ${expected ? 'exclude each other' : 'stand side by side'}`, () => {
    assert.equal(overlap(one, other), expected)
    assert.equal(overlap(other, one), expected)
  })
}

test('a server says the port that clients use where the app left it open', () => {
  const ports = { publicPort: 8085, workerPort: 8086 }
  for (const [asked, hasIPv6, expected] of [
    [{ port: 0 }, true, { address: '::', family: 'IPv6', port: 8085 }],
    [{ port: 8086, host: '127.0.0.1' }, true, { address: '127.0.0.1', family: 'IPv4', port: 8085 }],
    [{ port: 3000 }, false, { address: '0.0.0.0', family: 'IPv4', port: 3000 }],
    [{ port: 9090, host: '::1' }, true, { address: '::1', family: 'IPv6', port: 9090 }],
  ])
    assert.deepEqual(shownAddress(asked, ports, hasIPv6), expected)
})

test('a private port is that of the worker, is never public and never shared', () => {
  const { it, told, open } = handover({ private: [9090], ordinal: 3 }, {}, [], true)
  const placement = open({ port: 9090 })
  assert.equal(placement.own, 9092)
  assert.equal(placement.at, undefined)
  it.ready()
  assert.deepEqual(told, ['1 other', 'ready'])
})
