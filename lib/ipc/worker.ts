/** The end of the channel for messages in a worker of a cluster. */
import { binding, type NativeAgent } from '../binding.js'
import { answerBuiltIn } from './built-in.js'
import type { Link } from './link.js'
import { openLink } from './over-socket.js'
import type { Settings } from './types.js'

/** Open the channel that the agent was given; `undefined` when messages are switched off. */
export function openInWorker(agent: NativeAgent): Link | undefined {
  const channel = agent.takeMessages()
  if (!channel) return undefined
  const { readFd, writeFd, settings } = channel
  const own = settings as Settings
  if (!own.enabled) {
    for (const fd of [readFd, writeFd]) binding.NativeLink.closeFd(fd)
    return undefined
  }
  const link = openLink('master', 0, own, { readFd, writeFd })
  link.fallback = answerBuiltIn
  link.onPost = data => {
    if (process.listenerCount('message') === 0) return false
    process.emit('message' as never, data as never, undefined as never)
    return true
  }
  return link
}
