// What a table should hold: a plain Map from key to row. Its states can be kept, as snapshots keep a table's.

import type { Random } from './random.js'
import type { TableSpec } from './tables.js'
import { type ColumnInfo, columnsOf } from './tables.js'

export type Row = Readonly<Record<string, unknown>>

/** A row as it should be read. */
export interface ModelRow {
  readonly key: readonly unknown[]
  readonly row: Row
  /** Each column's value as text. */
  readonly texts: Readonly<Record<string, string>>
}

/** One step of a batch; the row as a caller may give it: nulls left out, decimals in any form. */
export type Operation =
  | { readonly type: 'put'; readonly key: readonly unknown[]; readonly row: Row }
  | { readonly type: 'delete'; readonly key: readonly unknown[] }

const recentKeys = 4

/** The rows of a table at one moment. */
export class State {
  readonly #model: Model
  readonly #rows: Map<string, ModelRow>
  #sorted: readonly ModelRow[] | undefined
  /** The keys that were written to last, the newest first: where reads of old states go wrong most easily. */
  #recent: readonly (readonly unknown[])[] = []

  constructor(model: Model, rows: Map<string, ModelRow> = new Map()) {
    this.#model = model
    this.#rows = rows
  }

  copy(): State {
    const state = new State(this.#model, new Map(this.#rows))
    state.#sorted = this.#sorted
    state.#recent = this.#recent
    return state
  }

  /** The same rows in a table that has got columns: null in all of them. */
  extended(model: Model): State {
    const state = new State(model)
    for (const [text, row] of this.#rows) state.#rows.set(text, model.stored(row.row))
    state.#recent = this.#recent
    return state
  }

  get size(): number {
    return this.#rows.size
  }

  get(key: readonly unknown[]): ModelRow | undefined {
    return this.#rows.get(this.#model.keyText(key))
  }

  get recent(): readonly (readonly unknown[])[] {
    return this.#recent
  }

  apply(operation: Operation): void {
    this.#sorted = undefined
    this.#recent = [operation.key, ...this.#recent.slice(0, recentKeys - 1)]
    const key = this.#model.keyText(operation.key)
    if (operation.type === 'put') this.#rows.set(key, this.#model.stored(operation.row))
    else this.#rows.delete(key)
  }

  /** All rows in key order. */
  sorted(): readonly ModelRow[] {
    this.#sorted ??= [...this.#rows.values()].sort((a, b) => this.#model.compareKeys(a.key, b.key))
    return this.#sorted
  }
}

/** A table's columns and keys, and the rules by which states come about. */
export class Model {
  readonly spec: TableSpec
  readonly columns: readonly ColumnInfo[]
  readonly keyColumns: readonly ColumnInfo[]
  /** The keys that are written to. */
  readonly keys: readonly (readonly unknown[])[]
  /** Some values of each column that come again and again. */
  readonly #common = new Map<string, readonly unknown[]>()

  /** `older`: the same table with fewer columns; its keys and common values stay. */
  constructor(spec: TableSpec, random: Random, older?: Model) {
    this.spec = spec
    this.columns = columnsOf(spec)
    this.keyColumns = spec.key.map((name) => this.columns.find((column) => column.name === name)!)
    const known = older === undefined ? new Map<string, readonly unknown[]>() : older.#common
    for (const column of this.columns) {
      const values = known.get(column.name) ?? Array.from({ length: 8 }, () => this.#any(random, column))
      this.#common.set(column.name, values)
    }
    this.keys = older?.keys ?? this.#drawKeys(random)
  }

  #drawKeys(random: Random): readonly (readonly unknown[])[] {
    const keys = new Map<string, readonly unknown[]>()
    for (let i = 0; i < this.spec.keys; i++) {
      const key = this.keyColumns.map((column) => this.value(random, column))
      keys.set(this.keyText(key), key)
    }
    return [...keys.values()]
  }

  /** A value of a column, often one that others have too. */
  value(random: Random, column: ColumnInfo): unknown {
    if (this.spec.parts?.[column.name] === undefined && random.chance(this.keyColumns.length > 1 ? 0.6 : 0.3)) {
      return random.pick(this.#common.get(column.name)!)
    }
    return this.#any(random, column)
  }

  #any(random: Random, column: ColumnInfo): unknown {
    return (this.spec.parts?.[column.name] ?? column.meaning.any)(random)
  }

  /** A row with this key, as a caller may give it. */
  row(random: Random, key: readonly unknown[]): Row {
    const row: Record<string, unknown> = {}
    for (const column of random.chance(0.8) ? this.columns : random.shuffled(this.columns)) {
      const { name } = column
      const part = this.spec.key.indexOf(name)
      if (part >= 0) row[name] = key[part]
      else if (column.nullable && random.chance(0.3)) {
        const absence = random.below(3)
        if (absence < 2) row[name] = absence === 0 ? null : undefined
      } else row[name] = this.value(random, column)
    }
    return row
  }

  stored(row: Row): ModelRow {
    const values: Record<string, unknown> = {}
    const texts: Record<string, string> = {}
    for (const { name, meaning } of this.columns) {
      const value = row[name] ?? null
      values[name] = value === null ? null : meaning.stored(value as never)
      texts[name] = value === null ? 'null' : meaning.text(values[name])
    }
    return { key: this.keyColumns.map(({ name }) => values[name]), row: values, texts }
  }

  keyText(key: readonly unknown[]): string {
    return this.keyColumns.map(({ meaning }, i) => meaning.text(meaning.stored(key[i] as never))).join(' ')
  }

  /** Order of two keys, or of a key and leading parts of one, by the parts that both have. */
  compareKeys(a: readonly unknown[], b: readonly unknown[]): number {
    for (let i = 0; i < Math.min(a.length, b.length); i++) {
      const { meaning } = this.keyColumns[i]!
      const found = meaning.compare(
        meaning.stored(a[i] as never) as never,
        meaning.stored(b[i] as never) as never,
      )
      if (found !== 0) return found
    }
    return 0
  }

  /** A key as the API takes it. */
  asKey(parts: readonly unknown[]): unknown {
    return this.keyColumns.length === 1 ? parts[0] : parts
  }

  /** A row that was read, as text; `names` are the columns it should have, in their order. */
  textOf(row: Row, names: readonly string[]): string {
    const found = Object.keys(row)
    if (found.join() !== names.join()) return `columns ${found.join()} instead of ${names.join()}`
    return names.map((name) => `${name}=${this.valueText(name, row[name])}`).join(' ')
  }

  valueText(name: string, value: unknown): string {
    if (value === null) return 'null'
    return this.columns.find((column) => column.name === name)!.meaning.text(value)
  }
}

/** A row as it should be read with these columns, as text. */
export function expectedText({ texts }: ModelRow, names: readonly string[]): string {
  return names.map((name) => `${name}=${texts[name]}`).join(' ')
}
