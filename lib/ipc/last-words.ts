/** An orderly exit loses nothing that was accepted: links that are open are flushed when the process ends. */

/** How long an exit may wait for the peer to take what was accepted, in milliseconds. */
export const FLUSH_PATIENCE = 5_000

/** What is flushed. */
interface Flushable {
  flush(): void
}

const open = new Set<Flushable>()
let exiting = false

function flushAll(): void {
  exiting = true
  for (const link of open) link.flush()
}

/** Flush `link` when the process ends. */
export function flushAtExit(link: Flushable): void {
  if (open.size === 0) process.on('exit', flushAll)
  open.add(link)
}

/** Forget `link`. */
export function forget(link: Flushable): void {
  if (open.delete(link) && open.size === 0) process.off('exit', flushAll)
}

/** Whether listeners of `exit` run: no turn follows in which a batch could go out. */
export function isExiting(): boolean {
  return exiting
}
