// What a killed writer may leave behind. Batches of a table are committed in the order in which they were sent, so what
// is found must be the result of all batches up to some one: at least up to the last that was acknowledged.

import type { Message, Step } from './processes.js'

interface Batch {
  readonly stamp: number
  readonly steps: readonly Step[]
}

/** Rows by key, each as text. */
export type State = ReadonlyMap<string, string>

function apply(state: Map<string, string>, { steps }: Batch): void {
  for (const { key, value } of steps) {
    if (value === undefined) state.delete(key)
    else state.set(key, value)
  }
}

function difference(wanted: State, found: State): string {
  const keys = [...new Set([...wanted.keys(), ...found.keys()])].filter(
    (key) => wanted.get(key) !== found.get(key),
  )
  const shown = keys.slice(0, 5).map((key) => `${key}: wanted [${wanted.get(key)}], found [${found.get(key)}]`)
  return `${keys.length} keys differ: ${shown.join('; ')}`
}

/** One table, as the parent of its writers knows it. */
export class TableOracle {
  /** What is there for certain, from the writers before. */
  #settled = new Map<string, string>()
  /** What this writer has sent, in order. */
  #sent: Batch[] = []
  #lastAcknowledged = 0
  acknowledged = 0

  /** A copy that can be settled without this one. */
  clone(): TableOracle {
    const clone = new TableOracle()
    clone.#settled = new Map(this.#settled)
    clone.#sent = [...this.#sent]
    clone.#lastAcknowledged = this.#lastAcknowledged
    clone.acknowledged = this.acknowledged
    return clone
  }

  hear({ sent, acked, operations = [] }: Message): void {
    if (sent !== undefined) this.#sent.push({ stamp: sent, steps: operations })
    if (acked !== undefined) {
      this.#lastAcknowledged = Math.max(this.#lastAcknowledged, acked)
      this.acknowledged++
    }
  }

  /** A batch that was refused for certain: it must not be there. */
  refuse(stamp: number): void {
    this.#sent = this.#sent.filter((batch) => batch.stamp !== stamp)
  }

  /**
   * Compares with what was found after the writer's death. Returns what is wrong, or undefined. What was found is
   * settled from then on: a batch that was not there must never come back.
   */
  settle(found: State): string | undefined {
    const state = new Map(this.#settled)
    const sent = this.#sent
    let next = 0
    while (next < sent.length && sent[next]!.stamp <= this.#lastAcknowledged) apply(state, sent[next++]!)
    const acknowledgedOnly = new Map(state)
    for (; ; next++) {
      if (state.size === found.size && [...state].every(([key, value]) => found.get(key) === value)) break
      if (next === sent.length) {
        return `${difference(acknowledgedOnly, found)} (to what was acknowledged; no batch sent later explains it)`
      }
      apply(state, sent[next]!)
    }
    this.#settled = state
    this.#sent = []
    return undefined
  }
}
