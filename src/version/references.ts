// Who still reads which version, and so which SSTables may go.
//
// A table is needed as long as a live version holds it: the current one, or one that a reader has pinned. When the last
// of these goes, the table is reported, once; numbers are never reused, so it cannot come back. A table that an edit
// only moves is in both versions and never reported.

import { assert } from '../util/assert.js'
import type { Version } from './version.js'

/** A version that a reader holds. Its tables' files stay where they are until `release`, which may be called again. */
export class PinnedVersion {
  readonly version: Version
  #unpin: (() => void) | undefined

  constructor(version: Version, unpin: () => void) {
    this.version = version
    this.#unpin = unpin
  }

  release(): void {
    const unpin = this.#unpin
    this.#unpin = undefined
    unpin?.()
  }
}

/** Told the numbers of tables that no live version holds any more, ascending. Must not throw. */
export type ObsoleteListener = (tableNumbers: readonly number[]) => void

/** A live version, and how many hold it: one for being current, one per pin. */
interface Live {
  readonly version: Version
  readonly numbers: readonly number[]
  references: number
  /** Called when nobody holds it any more. */
  whenGone: (() => void) | undefined
}

/** The current version, and the older ones that are still read. Every method is synchronous. */
export class VersionSet {
  readonly #onObsolete: ObsoleteListener
  readonly #live = new Set<Live>()
  /** Of each table, in how many live versions it is. */
  readonly #uses = new Map<number, number>()
  #current: Live

  constructor(version: Version, onObsolete: ObsoleteListener) {
    this.#onObsolete = onObsolete
    this.#current = this.#add(version)
  }

  get current(): Version {
    return this.#current.version
  }

  /** Number of live versions, the current one included. */
  get liveVersions(): number {
    return this.#live.size
  }

  /**
   * Makes a version the current one. Tables of the old one that nobody needs are reported before this returns. `whenOldIsGone` is
   * called once the old one is neither current nor pinned, if need be at once.
   */
  install(version: Version, whenOldIsGone?: () => void): void {
    if (version === this.current) return
    const old = this.#current
    old.whenGone = whenOldIsGone
    // The new one first, so that tables which both hold never look unused.
    this.#current = this.#add(version)
    this.#release(old)
  }

  /** Pins the current version for a reader. */
  acquire(): PinnedVersion {
    return this.#pin(this.#current)
  }

  /** Pins a version that is pinned already, and maybe no longer current. */
  acquireAgain(pinned: PinnedVersion): PinnedVersion {
    const live = [...this.#live].find(({ version }) => version === pinned.version)
    assert(live !== undefined, 'a version that is pinned is live')
    return this.#pin(live)
  }

  #pin(live: Live): PinnedVersion {
    live.references++
    return new PinnedVersion(live.version, () => this.#release(live))
  }

  #add(version: Version): Live {
    const live: Live = {
      version,
      numbers: version.allTables().map(({ number }) => number),
      references: 1,
      whenGone: undefined,
    }
    this.#live.add(live)
    for (const number of live.numbers) this.#uses.set(number, (this.#uses.get(number) ?? 0) + 1)
    return live
  }

  #release(live: Live): void {
    assert(live.references > 0, 'a version is released as often as it was acquired')
    live.references--
    if (live.references > 0) return
    this.#live.delete(live)
    const obsolete: number[] = []
    for (const number of live.numbers) {
      const uses = this.#uses.get(number)! - 1
      if (uses > 0) this.#uses.set(number, uses)
      else {
        this.#uses.delete(number)
        obsolete.push(number)
      }
    }
    if (obsolete.length > 0) this.#onObsolete(obsolete.sort((a, b) => a - b))
    live.whenGone?.()
  }
}
