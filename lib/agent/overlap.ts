/** Which addresses keep each other from being opened on one port. Pure. */
import type { Asked } from './public-port.js'

type Family = 'IPv4' | 'IPv6'

/** Whether a socket at one of the addresses keeps another from being opened at the other. */
export function overlap(one: Asked, other: Asked | undefined): boolean {
  if (!other) return true
  const shared = familiesOf(one).filter(family => familiesOf(other).includes(family))
  return shared.length > 0 && (isAll(one) || isAll(other) || one.host === other.host)
}

function isAll({ host }: Asked): boolean {
  return host === undefined || host === '::' || host === '0.0.0.0'
}

function familiesOf({ host, v6Only }: Asked): Family[] {
  if (host === undefined) return ['IPv4', 'IPv6']
  if (host === '::') return v6Only ? ['IPv6'] : ['IPv4', 'IPv6']
  return [host.includes(':') ? 'IPv6' : 'IPv4']
}
