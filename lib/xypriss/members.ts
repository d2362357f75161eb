/** The workers of an app, as its master talks to them: what they ask, what they are told. */

import { pack } from '../ipc/failure.js'
import type { Link } from '../ipc/link.js'
import { ATTACH } from '../ipc/places.js'
import type { Incoming, Receiver } from '../ipc/types.js'
import type { IPCWorkerRegistry } from '../ipc.js'
import { BunIPCManager } from '../ipc-manager.js'
import type { BunWorker } from '../worker.js'
import { passOn } from './events.js'
import { type Call, type EventName, Said, type Settled } from './protocol.js'
import type { Any, WorkerInfo } from './types.js'

/** Changes that follow each other faster than that, in milliseconds, are told together. */
const TOGETHER = 20

/** What the master knows. */
export interface Master {
  workers(): WorkerInfo[]
  /** Do what the worker behind `link` asks for. */
  perform(call: Call, link: Link): Promise<Any>
  /** Workers listen for `name`. */
  wanted(name: EventName): void
}

/** Connects workers with their master, and messages of the app with them. */
export class Members implements IPCWorkerRegistry {
  /** For the messages of the app. */
  readonly ipc = new BunIPCManager()
  readonly #master: Master
  /** Who has said hello. */
  readonly #present = new Set<Link>()
  readonly #listening = new Map<Link, Set<EventName>>()
  #telling: NodeJS.Timeout | undefined

  constructor(master: Master) {
    this.#master = master
    Object.defineProperty(this, ATTACH, { value: (link: Link) => this.#attach(link) })
  }

  registerWorker(workerId: string, worker: BunWorker): void {
    this.ipc.registerWorker(workerId, worker)
  }

  unregisterWorker(workerId: string): void {
    this.ipc.unregisterWorker(workerId)
  }

  /** Tell all of the workers there are, soon. */
  rosterChanged(): void {
    this.#telling ??= setTimeout(() => {
      this.#telling = undefined
      const workers = this.#master.workers()
      for (const link of this.#present) tell(link, Said.ROSTER, workers)
    }, TOGETHER).unref()
  }

  /** Pass an event on to those who listen for it. */
  pass(name: EventName, args: Any[]): void {
    for (const [link, names] of this.#listening)
      if (names.has(name)) tell(link, Said.EVENT, passOn(name, args))
  }

  #attach(link: Link): void {
    // First, so that nothing of this reaches the app.
    link.attach(this.#receiver)
    ;(this.ipc as Any)[ATTACH](link)
  }

  readonly #receiver: Receiver = {
    receive: request => this.#receive(request),
    silent: () => {},
    late: () => {},
    gone: link => {
      this.#present.delete(link)
      this.#listening.delete(link)
    },
  }

  #receive(request: Incoming): boolean {
    if (request.to !== undefined) return false
    const { link, type, data } = request
    switch (type) {
      case Said.HELLO:
        this.#present.add(link)
        link.answer(request, this.#master.workers())
        return true
      case Said.LISTEN:
        this.#listening.set(link, new Set(data as EventName[]))
        for (const name of data as EventName[]) this.#master.wanted(name)
        link.answer(request, null)
        return true
      case Said.CALL:
        link.answer(request, null)
        void this.#settle(link, data as Call)
        return true
      default:
        return false
    }
  }

  async #settle(link: Link, call: Call): Promise<void> {
    let settled: Pick<Settled, 'result' | 'error'>
    try {
      settled = { result: await this.#master.perform(call, link) }
    } catch (error) {
      settled = { error: pack(error) }
    }
    const workers = this.#master.workers()
    try {
      await link.request(Said.SETTLED, { call: call.call, ...settled, workers })
    } catch (error) {
      // Too large to be sent. If it is the worker that is gone, this fails as well, and nobody waits.
      tell(link, Said.SETTLED, { call: call.call, error: pack(error), workers: [] })
    }
  }
}

/** Send without caring for the answer: it fails only with the worker itself, whose end is told elsewhere. */
function tell(link: Link, type: string, data: Any): void {
  link.request(type, data).catch(() => {})
}
