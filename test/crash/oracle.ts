// What may be found in a table if the machine stops at any moment.

/** A table at one time; undefined: there is none of that name. */
export type State = TableState | undefined

interface TableState {
  readonly rows: ReadonlyMap<string, number>
  /** Keys that may be there or not: they were being deleted. */
  readonly optional?: ReadonlySet<string>
}

export interface Operation {
  readonly key: string
  /** Undefined: a delete. */
  readonly value: number | undefined
}

/** What had been called for and promised at one moment. */
export interface Promised {
  /** The first state that a crash may leave, where the log was synced before it answered or only the process dies. */
  readonly acknowledged: number
  /** The same where the machine dies and the log is synced later. */
  readonly durable: number
  /** Number of states: what had been called for may be there too. */
  readonly states: number
}

/** One table: its states after each thing that was done to it, in the order of the calls. */
export class Oracle {
  readonly #memtableRows: number
  readonly #states: State[] = [undefined]
  #acknowledged = 0
  #durable = 0
  /** Entries in the memtable that the next batch goes to. */
  #memtableEntries = 0
  /** For each memtable but the last, the last state that it made. */
  #sealings: number[] = []

  constructor(memtableRows: number) {
    this.#memtableRows = memtableRows
  }

  get promised(): Promised {
    return { acknowledged: this.#acknowledged, durable: this.#durable, states: this.#states.length }
  }

  get rows(): ReadonlyMap<string, number> {
    return this.#states[this.#states.length - 1]?.rows ?? new Map()
  }

  /** Notes that the table is being made, or dropped. What is returned is to be called when that has resolved. */
  replace(isThere: boolean): () => void {
    const state = this.#add(isThere ? { rows: new Map() } : undefined)
    this.#memtableEntries = 0
    this.#sealings = []
    return () => {
      this.#acknowledge(state)
      this.#durable = Math.max(this.#durable, state)
    }
  }

  /** Notes a batch that is being called for. */
  batch(operations: readonly Operation[]): () => void {
    if (this.#memtableEntries >= this.#memtableRows) this.#rotate()
    this.#memtableEntries += operations.length
    const rows = new Map(this.rows)
    for (const { key, value } of operations) {
      if (value === undefined) rows.delete(key)
      else rows.set(key, value)
    }
    const state = this.#add({ rows })
    return () => this.#acknowledge(state)
  }

  /** Notes a deletion of a range, which is not atomic. Requires: nothing else is under way, and the log is synced. */
  deleteRange(from: string, to: string): () => void {
    const { rows } = this
    const optional = new Set([...rows.keys()].filter((key) => from <= key && key < to))
    this.#add({ rows, optional })
    const state = this.#add({ rows: new Map([...rows].filter(([key]) => !optional.has(key))) })
    return () => this.#acknowledge(state)
  }

  /** Notes the end of a sorted import, which is older than what was written to `newer`. It is atomic, and durable once it resolves. */
  load(values: ReadonlyMap<string, number>, newer: ReadonlySet<string>): () => void {
    const state = this.#add({
      rows: new Map([...this.rows, ...[...values].filter(([key]) => !newer.has(key))]),
    })
    return () => {
      this.#acknowledge(state)
      this.#durable = Math.max(this.#durable, state)
    }
  }

  /** Notes the call for a flush or a close. */
  seal(): () => void {
    const state = this.#states.length - 1
    if (this.#memtableEntries > 0) this.#rotate()
    return () => {
      this.#durable = Math.max(this.#durable, state)
    }
  }

  /** Whether this may be found after what was promised; if not, says what may. */
  check(found: ReadonlyMap<string, number> | undefined, first: number, end: number): string | undefined {
    const allowed = this.#states.slice(first, end)
    if (allowed.some((state) => matches(state, found))) return undefined
    return `holds ${textOf(found)}, which is none of the states ${first} to ${end - 1}: ${allowed.map((state) => textOf(state?.rows)).join(' | ')}`
  }

  #add(state: State): number {
    this.#states.push(state)
    return this.#states.length - 1
  }

  #acknowledge(state: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, state)
    // A log is synced before the first batch in the next one is acknowledged.
    for (const sealed of this.#sealings) if (state > sealed) this.#durable = Math.max(this.#durable, sealed)
  }

  #rotate(): void {
    this.#sealings.push(this.#states.length - 1)
    this.#memtableEntries = 0
  }
}

function matches(state: State, found: ReadonlyMap<string, number> | undefined): boolean {
  if (state === undefined || found === undefined) return state === found
  for (const [key, value] of found) if (state.rows.get(key) !== value) return false
  for (const key of state.rows.keys()) if (!found.has(key) && !state.optional?.has(key)) return false
  return true
}

export function textOf(rows: ReadonlyMap<string, number> | undefined): string {
  return rows === undefined
    ? 'no table'
    : `[${[...rows]
        .map(([key, value]) => `${key}=${value}`)
        .sort()
        .join(' ')}]`
}
