/**
 * Switches by which an operator turns a part of the package off to find out whether it is at fault: the environment
 * variable `XYPRISS_CLUSTER_COMPAT` of the master, a list with commas. Workers inherit the variable and act on it.
 */
const VARIABLE = 'XYPRISS_CLUSTER_COMPAT'

const SWITCHES = ['no-second-listener'] as const

/** A switch. `no-second-listener`: workers are reached by their port only. */
export type Switch = (typeof SWITCHES)[number]

/** Whether `name` is among the switches of this process. */
export function isSwitchedOn(name: Switch): boolean {
  return given().includes(name)
}

/** The problem of the variable in words, if it names a switch that does not exist. */
export function problemOfSwitches(): string | undefined {
  const unknown = given().filter(name => !(SWITCHES as readonly string[]).includes(name))
  if (unknown.length === 0) return undefined
  return `${VARIABLE} knows ${SWITCHES.join(', ')}, and it has ${unknown.map(name => JSON.stringify(name)).join(', ')}`
}

function given(): string[] {
  const value = process.env[VARIABLE]
  if (!value) return []
  const names = value.split(',').map(name => name.trim())
  return names.filter(name => name !== '')
}
