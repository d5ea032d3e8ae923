// Sorted runs of entries: what an index that does not keep its entries in order makes of them when it is read.
//
//   runs     [ a a c d f k l m q r t u … ]   [ b d e p ]   [ g ]        each at least `ratio` times as long as the next
//
// A run and its digests never change once made, so a walk holds the runs it began with, whatever is added meanwhile.
// Where a run is added and the next longer one is not `ratio` times as long, the two are merged into one, and so on:
// an entry is copied at most `ratio` times before its run is `ratio` times as long. So n entries lie in at most
// log4(n) runs and cost at most 4 log4(n) copies each, however reads and insertions alternate; entries that come in
// one piece are sorted once and never copied.

import { compareEntries, keyAt } from '../format/entry.js'
import { radixSort, sortEntries } from '../format/sort-entries.js'
import type { KeyDigest, Probe } from './key-digest.js'
import type { Arena, EntryRef } from './rep.js'
import type { EntryWalk } from './visible-cursor.js'

const ratio = 4
/** Entries that the digests' prefix is learned from while none are in order. */
const sampleEntries = 64
const entryBytes = Uint32Array.BYTES_PER_ELEMENT + Float64Array.BYTES_PER_ELEMENT

/** Entries in order, and the digests of their keys beside them. */
export class EntryRun {
  readonly entries: Uint32Array
  readonly digests: Float64Array

  constructor(entries: Uint32Array, digests: Float64Array) {
    this.entries = entries
    this.digests = digests
  }

  get length(): number {
    return this.entries.length
  }
}

/** The first place in a run that is not before the probe's. */
export function placeIn(bytes: Uint8Array, run: EntryRun, probe: Probe): number {
  const { entries, digests } = run
  const wanted = probe.digest
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const digest = digests[middle]!
    if (digest < wanted || (digest === wanted && probe.isAfter(bytes, entries[middle]!))) low = middle + 1
    else high = middle
  }
  return low
}

/** All runs of an index, longest first, with digests of one prefix. */
export class EntryRuns {
  /** Replaced, never changed. */
  runs: readonly EntryRun[] = []
  readonly #keys: KeyDigest

  /** `keys` takes the digests, of these runs and of what is looked for in them. */
  constructor(keys: KeyDigest) {
    this.#keys = keys
  }

  get indexBytes(): number {
    return this.runs.reduce((sum, run) => sum + run.length * entryBytes, 0)
  }

  /** Adds entries, in the order in which they were written. Takes the array over. */
  add(bytes: Uint8Array, entries: Uint32Array): void {
    const longest = this.runs[0]
    if (longest === undefined || entries.length > longest.length) this.#learn(bytes, sampleOf(bytes, entries))
    const runs = [...this.runs]
    let added = sortedRun(bytes, entries, this.#digestsOf(bytes, entries))
    for (;;) {
      const last = runs.at(-1)
      if (last === undefined || last.length >= ratio * added.length) break
      runs.pop()
      added = merged(bytes, last, added)
    }
    runs.push(added)
    this.runs = runs
    if (runs.length === 1) this.#learn(bytes, added.entries)
  }

  /** Learns the digests' prefix from entries in order; if it changed, takes the digests of all runs again. */
  #learn(bytes: Uint8Array, entries: Uint32Array): void {
    const low = keyAt(bytes, entries[Math.floor(entries.length / 16)]!)
    const high = keyAt(bytes, entries[Math.floor((entries.length * 15) / 16)]!)
    if (!this.#keys.learn(low, high)) return
    this.runs = this.runs.map((run) => new EntryRun(run.entries, this.#digestsOf(bytes, run.entries)))
  }

  #digestsOf(bytes: Uint8Array, entries: Uint32Array): Float64Array {
    const digests = new Float64Array(entries.length)
    for (let i = 0; i < entries.length; i++) digests[i] = this.#keys.ofEntry(bytes, entries[i]!)
    return digests
  }
}

/** Some of the entries, in order. */
function sampleOf(bytes: Uint8Array, entries: Uint32Array): Uint32Array {
  const count = Math.min(entries.length, sampleEntries)
  const sample = Uint32Array.from(
    { length: count },
    (_, i) => entries[Math.floor((i * entries.length) / count)]!,
  )
  sortEntries(bytes, sample)
  return sample
}

/** Sorts entries in place, mostly by their digests; looks at keys only where these are equal. */
function sortedRun(bytes: Uint8Array, entries: Uint32Array, digests: Float64Array): EntryRun {
  const run = new EntryRun(entries, digests)
  const { length } = run
  let inOrder = 1
  while (inOrder < length && isBefore(bytes, run, inOrder - 1, digests[inOrder]!, entries[inOrder]!)) inOrder++
  if (inOrder >= length) return run
  const high = new Uint32Array(length)
  const low = new Uint32Array(length)
  for (let i = 0; i < length; i++) {
    const positive = digests[i]! + 1 // digests begin at -1
    high[i] = positive / 2 ** 32
    low[i] = positive
  }
  radixSort(entries, high, low)
  for (let i = 0; i < length; i++) digests[i] = high[i]! * 2 ** 32 + low[i]! - 1
  for (let from = 0; from < length; ) {
    let to = from + 1
    while (to < length && digests[to] === digests[from]) to++
    if (to - from > 1) sortEntries(bytes, entries.subarray(from, to))
    from = to
  }
  return run
}

/** Whether place i of a run comes before an entry with this digest. */
function isBefore(bytes: Uint8Array, run: EntryRun, i: number, digest: number, entry: EntryRef): boolean {
  const own = run.digests[i]!
  return own < digest || (own === digest && compareEntries(bytes, run.entries[i]!, entry) < 0)
}

/** Two runs as one. */
function merged(bytes: Uint8Array, a: EntryRun, b: EntryRun): EntryRun {
  const length = a.length + b.length
  const entries = new Uint32Array(length)
  const digests = new Float64Array(length)
  // Entries that came in order meet end to end.
  let i = isBefore(bytes, a, a.length - 1, b.digests[0]!, b.entries[0]!) ? a.length : 0
  let j = 0
  entries.set(a.entries.subarray(0, i))
  digests.set(a.digests.subarray(0, i))
  for (let to = i; to < length; to++) {
    const isA = i < a.length && (j === b.length || isBefore(bytes, a, i, b.digests[j]!, b.entries[j]!))
    entries[to] = isA ? a.entries[i]! : b.entries[j]!
    digests[to] = isA ? a.digests[i++]! : b.digests[j++]!
  }
  return new EntryRun(entries, digests)
}

/**
 * Walks runs as one, from places in them: forward from the entries at the places on, in reverse from those before.
 * Takes the array of places over.
 */
export function walkRuns(
  arena: Arena,
  runs: readonly EntryRun[],
  places: Uint32Array,
  reverse: boolean,
): EntryWalk {
  const take = reverse ? takeBackward : takeForward
  return {
    next(into) {
      const { bytes } = arena
      let filled = 0
      while (filled < into.length) {
        const taken = take(bytes, runs, places, into, filled)
        if (taken === 0) break
        filled += taken
      }
      return filled
    },
  }
}

/** Takes all from the run with the least entry that are before those of the others, as far as there is room. */
function takeForward(
  bytes: Uint8Array,
  runs: readonly EntryRun[],
  places: Uint32Array,
  into: Uint32Array,
  filled: number,
): number {
  let least = -1
  let second = -1
  for (let r = 0; r < runs.length; r++) {
    if (places[r]! === runs[r]!.length) continue
    if (least < 0 || isHeadBefore(bytes, runs, places, r, least, 0)) {
      second = least
      least = r
    } else if (second < 0 || isHeadBefore(bytes, runs, places, r, second, 0)) second = r
  }
  if (least < 0) return 0
  const run = runs[least]!
  const from = places[least]!
  let to = Math.min(run.length, from + into.length - filled)
  if (second >= 0) {
    const bound = runs[second]!
    const digest = bound.digests[places[second]!]!
    const entry = bound.entries[places[second]!]!
    // In widening steps, then by halves: the others' next entry may be near or far.
    let sure = from + 1
    let step = 1
    while (sure + step <= to && isBefore(bytes, run, sure + step - 1, digest, entry)) {
      sure += step
      step *= 2
    }
    to = Math.min(to, sure + step - 1)
    while (sure < to) {
      const middle = (sure + to) >>> 1
      if (isBefore(bytes, run, middle, digest, entry)) sure = middle + 1
      else to = middle
    }
  }
  for (let i = from; i < to; i++) into[filled++] = run.entries[i]!
  places[least] = to
  return to - from
}

/** Takes all from the run with the greatest entry that are behind those of the others, as far as there is room. */
function takeBackward(
  bytes: Uint8Array,
  runs: readonly EntryRun[],
  places: Uint32Array,
  into: Uint32Array,
  filled: number,
): number {
  let greatest = -1
  let second = -1
  for (let r = 0; r < runs.length; r++) {
    if (places[r]! === 0) continue
    if (greatest < 0 || isHeadBefore(bytes, runs, places, greatest, r, 1)) {
      second = greatest
      greatest = r
    } else if (second < 0 || isHeadBefore(bytes, runs, places, second, r, 1)) second = r
  }
  if (greatest < 0) return 0
  const run = runs[greatest]!
  const from = places[greatest]!
  let to = Math.max(0, from - (into.length - filled))
  if (second >= 0) {
    const bound = runs[second]!
    const digest = bound.digests[places[second]! - 1]!
    const entry = bound.entries[places[second]! - 1]!
    let sure = from - 1
    let step = 1
    while (sure - step >= to && !isBefore(bytes, run, sure - step, digest, entry)) {
      sure -= step
      step *= 2
    }
    to = Math.max(to, sure - step + 1)
    while (to < sure) {
      const middle = (to + sure) >>> 1
      if (isBefore(bytes, run, middle, digest, entry)) to = middle + 1
      else sure = middle
    }
  }
  for (let i = from; i > to; ) into[filled++] = run.entries[--i]!
  places[greatest] = to
  return from - to
}

/** Whether the entry `back` before one run's place comes before that of another run. */
function isHeadBefore(
  bytes: Uint8Array,
  runs: readonly EntryRun[],
  places: Uint32Array,
  r: number,
  other: number,
  back: number,
): boolean {
  const b = runs[other]!
  const at = places[other]! - back
  return isBefore(bytes, runs[r]!, places[r]! - back, b.digests[at]!, b.entries[at]!)
}
