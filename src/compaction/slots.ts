// Who may run a merge next, among all tables of a database: as many at a time as there are threads for it, what is
// urgent first. Flushes do not come here: they never wait for merges.

/** What a merge is for. Lower comes first. */
export const mergePriorities = { level0: 0, other: 1 } as const
export type MergePriority = (typeof mergePriorities)[keyof typeof mergePriorities]

interface Waiter {
  readonly priority: MergePriority
  readonly start: () => void
}

/** A number of slots, and who waits for one. */
export class MergeSlots {
  readonly count: number
  #free: number
  #waiters: Waiter[] = []

  constructor(count: number) {
    this.count = count
    this.#free = count
  }

  /** Calls `start` when a slot is free: at once, or later. Returns how to give up waiting. */
  request(priority: MergePriority, start: () => void): () => void {
    const waiter = { priority, start }
    const at = this.#waiters.findIndex((other) => other.priority > priority)
    this.#waiters.splice(at === -1 ? this.#waiters.length : at, 0, waiter)
    this.#serve()
    return () => {
      this.#waiters = this.#waiters.filter((other) => other !== waiter)
    }
  }

  /** Takes up to `most` more slots that nobody waits for, and returns how many. */
  takeMore(most: number): number {
    const taken = this.#waiters.length > 0 ? 0 : Math.max(0, Math.min(most, this.#free))
    this.#free -= taken
    return taken
  }

  release(slots: number): void {
    this.#free += slots
    this.#serve()
  }

  #serve(): void {
    while (this.#free > 0) {
      const next = this.#waiters.shift()
      if (next === undefined) return
      this.#free--
      next.start()
    }
  }
}
