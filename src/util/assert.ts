/** A broken invariant of the engine itself: always a bug of ours, never the caller's fault or the disk's. */
export class AssertionError extends Error {
  constructor(message: string) {
    super(`marquetry: ${message} (please report this bug)`)
    this.name = 'AssertionError'
  }
}

/** Checks an invariant; stays on in production. `message` states what must be true: `'runs are disjoint'`. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message)
}
