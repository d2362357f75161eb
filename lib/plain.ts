/**
 * What users give as a configuration, as JSON text for the native core.
 *
 * Nothing is judged here. A value that JSON cannot carry becomes an object with the one field `\0` that says what it
 * is, and the core refuses it by its path, together with everything else that is wrong. Work is bounded, whatever
 * the value is: a proxy, a cycle, a getter that throws, or ten megabytes.
 */
import { ConfigurationError } from './errors.js'

/** Levels of objects and lists; a configuration has four. */
const DEEPEST = 16
/** Values in all; a configuration has little more than a hundred fields. */
const MOST_VALUES = 10_000
/** Characters of all texts together: more than the environment of a process may have. */
const MOST_TEXT = 4_194_304

/** The JSON text of `value`. Throws a `ConfigurationError` when there is too much of it. */
export function toText(value: unknown): string {
  return JSON.stringify(new Reader().read(value)) ?? 'null'
}

type Plain = null | boolean | number | string | Plain[] | { [name: string]: Plain }

class Reader {
  #values = 0
  #text = 0
  /** What is being read now, from the outside to the inside. */
  readonly #open: object[] = []

  read(value: unknown): Plain {
    this.#values += 1
    if (this.#values > MOST_VALUES) tooMuch(`it has more than ${MOST_VALUES} values`)
    switch (typeof value) {
      case 'boolean':
        return value
      case 'string':
        return this.#bounded(value)
      case 'number':
        return Number.isFinite(value) ? value : foreign(String(value))
      case 'object':
        return value === null ? null : this.#object(value)
      case 'undefined':
        return null
      default:
        return foreign(`a ${typeof value}`)
    }
  }

  #object(value: object): Plain {
    if (this.#open.includes(value)) return foreign('a cycle')
    if (this.#open.length >= DEEPEST) return foreign(`an object more than ${DEEPEST} levels deep`)
    this.#open.push(value)
    try {
      return this.#fields(value)
    } catch (cause) {
      if (cause instanceof ConfigurationError) throw cause
      // A proxy or a getter of the user's: what it throws may be anything.
      return foreign('an object that throws when it is read')
    } finally {
      this.#open.pop()
    }
  }

  #fields(value: object): Plain {
    if (Array.isArray(value)) {
      if (value.length > MOST_VALUES) tooMuch(`it has a list of ${value.length}`)
      return Array.from(value, item => this.read(item))
    }
    // Most are plain, and asking the others costs as much as all else here.
    if (Object.getPrototypeOf(value) !== Object.prototype) {
      const kind = Object.prototype.toString.call(value).slice('[object '.length, -1)
      if (kind !== 'Object') return foreign(`a ${kind}`)
    }
    const names = Object.keys(value)
    if (names.length > MOST_VALUES) tooMuch(`it has an object of ${names.length} fields`)
    const plain: { [name: string]: Plain } = {}
    for (const name of names) {
      const field = (value as Record<string, unknown>)[name]
      // As if it were not there, as everywhere in JavaScript.
      if (field === undefined) continue
      const read = this.read(field)
      // An assignment would set the prototype. As a field it is like any other, and one that the core does not know.
      if (name === '__proto__') Object.defineProperty(plain, name, { value: read, enumerable: true })
      else plain[this.#bounded(name)] = read
    }
    const symbols = Object.getOwnPropertySymbols(value)
    if (symbols.length > MOST_VALUES) tooMuch(`it has an object of ${symbols.length} symbols`)
    for (const symbol of symbols) plain[String(symbol)] = foreign('a value')
    return plain
  }

  #bounded(text: string): string {
    this.#text += text.length
    if (this.#text > MOST_TEXT) tooMuch(`it has more than ${MOST_TEXT} characters`)
    return text
  }
}

/** Stands for a value that JSON cannot carry. */
function foreign(what: string): Plain {
  return { '\0': what }
}

function tooMuch(why: string): never {
  const problem = `the configuration: is too large: ${why}`
  throw new ConfigurationError(`invalid cluster configuration: ${problem}`, 'ERR_CONFIGURATION', {
    problems: [problem],
  })
}
