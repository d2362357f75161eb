/** An emitter that knows whether anybody listens, so that nothing is done for nobody. */
import { EventEmitter } from 'node:events'

/** Says soon after each time that a listener came or went. */
export abstract class AudienceEmitter<
  Events extends Record<keyof Events, unknown[]>,
> extends EventEmitter<Events> {
  constructor() {
    super()
    this.#attend()
  }

  /** Listeners have come or gone. */
  protected abstract audienceChanged(): void

  override removeAllListeners(name?: Parameters<EventEmitter<Events>['removeAllListeners']>[0]): this {
    const plain = EventEmitter.prototype.removeAllListeners
    // With `undefined` given, some runtimes take it for a name.
    Reflect.apply(plain, this, name === undefined ? [] : [name])
    if (name === undefined) this.#attend()
    this.audienceChanged()
    return this
  }

  #attend(): void {
    const soon = (name: unknown) => {
      if (name === 'newListener' || name === 'removeListener') return
      // An emitter tells of a new listener before it has it.
      queueMicrotask(() => this.audienceChanged())
    }
    Reflect.apply(super.on, this, ['newListener', soon])
    Reflect.apply(super.on, this, ['removeListener', soon])
  }
}
