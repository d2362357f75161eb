/** The other end of a connection that a manager gave to a process that it did not start. */
import { binding } from '../binding.js'
import { answerBuiltIn } from './built-in.js'
import { lineCarrier } from './lines.js'
import { Link } from './link.js'
import { openLink } from './over-socket.js'
import type { Settings } from './types.js'

/** What the variable says. */
export interface Connection {
  /** The descriptor; absent when the channel is stdin and stdout. */
  fd?: number
  workerId: string
  settings: Settings
}

/** Open the channel that `text`, the value of the variable, describes. */
export function connectParent(text: string): Link {
  const { fd, workerId, settings } = JSON.parse(text) as Connection
  process.env.WORKER_ID ??= workerId
  let link: Link
  if (fd === undefined) {
    link = new Link('master', 0, settings, link => {
      const carrier = lineCarrier(
        link,
        line => void process.stdout.write(line),
        () => {},
      )
      process.stdin.on('data', chunk => carrier.feed(chunk))
      process.stdin.on('end', () => link.lost())
      process.stdin.unref?.()
      return {
        ...carrier,
        hold: alive => void (alive ? process.stdin.ref?.() : process.stdin.unref?.()),
        close: () => process.stdin.destroy(),
      }
    })
  } else {
    const [readFd, writeFd] = binding.NativeLink.adopt(fd) as [number, number]
    link = openLink('master', 0, settings, { readFd, writeFd })
  }
  link.fallback = answerBuiltIn
  return link
}
