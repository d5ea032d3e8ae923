// The second oracle: DuckDB on the files as they lie there, which knows neither the engine nor the model.

import { type DuckDBConnection, DuckDBInstance, type JS } from '@duckdb/node-api'
import { expectedText, type Model, type State } from './model.js'
import type { ColumnInfo } from './tables.js'

/** How a column is asked for, and what its answers are as values of the API. */
interface Reading {
  readonly sql: (name: string) => string
  readonly value: (answer: never) => unknown
}

const plain = (value: (answer: never) => unknown): Reading => ({ sql: (name) => name, value })

function readingOf({ column: { type } }: ColumnInfo): Reading {
  switch (type.kind) {
    case 'date':
      return { sql: (name) => `epoch_ms(${name})`, value: (ms: bigint) => new Date(Number(ms)) }
    case 'timestamp':
      if (type.unit === 'us') return { sql: (name) => `epoch_us(${name})`, value: (us: bigint) => us }
      return { sql: (name) => `epoch_ms(${name})`, value: (ms: bigint) => new Date(Number(ms)) }
    case 'decimal128':
      return { sql: (name) => `${name}::varchar`, value: (text: string) => text }
    case 'binary':
      return { sql: (name) => `hex(${name})`, value: (hex: string) => new Uint8Array(Buffer.from(hex, 'hex')) }
    case 'json':
      return plain((text: string) => JSON.parse(text))
    case 'float32':
      return { sql: (name) => `${name}::double`, value: (number: number) => number }
    case 'int64':
    case 'bool':
    case 'utf8':
      return plain((value) => value)
    default:
      return plain((number: number | bigint) => Number(number)) // unsigned columns are stored in wider ones
  }
}

const quote = (name: string) => `"${name}"`

export class DuckDB {
  readonly #instance: DuckDBInstance
  readonly #connection: DuckDBConnection

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance
    this.#connection = connection
  }

  static async open(): Promise<DuckDB> {
    const instance = await DuckDBInstance.create()
    return new DuckDB(instance, await instance.connect())
  }

  close(): void {
    this.#connection.closeSync()
    this.#instance.closeSync()
  }

  async #query(sql: string): Promise<Record<string, JS>[]> {
    return (await this.#connection.runAndReadAll(sql)).getRowObjectsJS()
  }

  /** Compares a table's files with the model. Requires: all of the table has been flushed, and the files stay. */
  async check(model: Model, state: State, paths: readonly string[]): Promise<void> {
    if (paths.length === 0) {
      if (state.size > 0) throw new Error(`${model.spec.name} has no files; the model has ${state.size} rows`)
      return
    }
    const names = model.columns.map(({ name }) => name)
    const readings = model.columns.map((column) => ({ name: column.name, ...readingOf(column) }))
    const key = model.spec.key.map(quote).join(', ')
    // Files from before a column was added do not have it; perhaps there are no others.
    const files = `read_parquet([${paths.map((path) => `'${path}'`).join(', ')}], union_by_name = true)`
    const stored = new Set((await this.#query(`describe from ${files}`)).map((column) => column['column_name']))
    const read = ({ name, sql }: (typeof readings)[number]) => (stored.has(name) ? sql(quote(name)) : 'null')
    const rows = await this.#query(
      `select ${readings.map((reading) => `${read(reading)} as ${quote(reading.name)}`).join(', ')}
       from (select * from ${files}
             qualify row_number() over (partition by ${key} order by _seq desc) = 1) newest
       where not _deleted order by ${model.spec.key.map((name) => `newest.${quote(name)}`).join(', ')}`,
    )
    const expected = state.sorted()
    for (let i = 0; i < Math.max(rows.length, expected.length); i++) {
      const found = rows[i] === undefined ? 'none' : this.#text(model, readings, rows[i]!)
      const wanted = expected[i] === undefined ? 'none' : expectedText(expected[i]!, names)
      if (found === wanted) continue
      throw new Error(
        `DuckDB on ${model.spec.name}: row ${i} of ${rows.length}, expected ${expected.length}:\n  found    ${found}\n  expected ${wanted}`,
      )
    }
  }

  #text(
    model: Model,
    readings: readonly (Reading & { readonly name: string })[],
    row: Record<string, JS>,
  ): string {
    return readings
      .map(({ name, value }) => {
        const answer = row[name] ?? null
        return `${name}=${model.valueText(name, answer === null ? null : value(answer as never))}`
      })
      .join(' ')
  }
}
