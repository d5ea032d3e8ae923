import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'

/** Niceness of worker threads: the user's event loop comes first. */
const niceness = 10

/**
 * Lowers the calling thread's priority, where the system allows it per thread (Linux does: to its scheduler a thread
 * id is a process id). Elsewhere it does nothing.
 */
export function lowerThreadPriority(): void {
  if (process.platform !== 'linux') return
  try {
    const thread = readlinkSync('/proc/thread-self').split('/').at(-1)
    setPriority(Number(thread), niceness)
  } catch {
    // A sandbox may hide /proc or forbid it: then jobs run at normal priority.
  }
}
