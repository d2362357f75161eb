/** What JSON alone costs, without anything that carries it: the bound of every transport of JSON, in one line of it. */
import { measureJSON } from '../lib/messages.mjs'

console.log(JSON.stringify(measureJSON()))
