// A lock that many may share or one may have alone, given in the order in which it was asked for.

/** Gives the lock back. Calling it again does nothing. */
export type Release = () => void

interface Waiter {
  readonly alone: boolean
  readonly enter: (release: Release) => void
}

export class SharedLock {
  #sharers = 0
  #isHeldAlone = false
  #waiters: Waiter[] = []

  /** Resolves when nobody has it alone, or asked for that before. A signal that aborts ends the waiting with its reason. */
  share(signal: AbortSignal): Promise<Release> {
    return this.#request(false, signal)
  }

  /** Resolves when nobody else has it, or asked for it before. A signal that aborts ends the waiting with its reason. */
  holdAlone(signal: AbortSignal): Promise<Release> {
    return this.#request(true, signal)
  }

  #request(alone: boolean, signal: AbortSignal): Promise<Release> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason)
        return
      }
      const giveUp = () => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter)
        reject(signal.reason)
        this.#serve()
      }
      const enter = (release: Release) => {
        signal.removeEventListener('abort', giveUp)
        resolve(release)
      }
      const waiter = { alone, enter }
      signal.addEventListener('abort', giveUp, { once: true })
      this.#waiters.push(waiter)
      this.#serve()
    })
  }

  #serve(): void {
    for (;;) {
      const [next] = this.#waiters
      if (next === undefined || this.#isHeldAlone || (next.alone && this.#sharers > 0)) return
      this.#waiters.shift()
      if (next.alone) this.#isHeldAlone = true
      else this.#sharers++
      let isHeld = true
      next.enter(() => {
        if (!isHeld) return
        isHeld = false
        if (next.alone) this.#isHeldAlone = false
        else this.#sharers--
        this.#serve()
      })
    }
  }
}
