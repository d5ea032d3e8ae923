// Every way to read a table, compared with the model.

import type { RecordBatch } from 'apache-arrow'
import type { Snapshot, Table } from 'marquetry'
import { arrowValue } from './arrow-values.js'
import { expectedText, type Model, type ModelRow, type Row, type State } from './model.js'
import { answer, describeQuery, everything, namesOf, optionsOf, type Query, randomQuery } from './query.js'
import type { Random } from './random.js'

/** What is read, and what should be found. */
export interface View {
  readonly table: Table
  readonly model: Model
  readonly state: State
  readonly snapshot?: Snapshot | undefined
}

type ScanOf = ReturnType<Table['scan']>

/** The ways to take in a scan's rows as texts. */
const forms = {
  async toArray(scan: ScanOf, text: (row: Row) => string) {
    return (await scan.toArray()).map(text)
  },
  async iterator(scan: ScanOf, text: (row: Row) => string) {
    const rows: string[] = []
    for await (const row of scan) rows.push(text(row))
    return rows
  },
  async chunks(scan: ScanOf, text: (row: Row) => string) {
    const rows: string[] = []
    for await (const chunk of scan.chunks()) rows.push(...chunk.map(text))
    return rows
  },
  async batches(scan: ScanOf, text: (row: Row) => string, model: Model) {
    const rows: string[] = []
    for await (const batch of scan.batches()) rows.push(...arrowTexts(batch, text, model))
    return rows
  },
  async toArrow(scan: ScanOf, text: (row: Row) => string, model: Model) {
    const table = await scan.toArrow()
    const rows = table.batches.flatMap((batch) => arrowTexts(batch, text, model))
    return table.numRows === rows.length
      ? rows
      : [`a table of ${table.numRows} rows with ${rows.length} in its batches`]
  },
} as const

type Form = keyof typeof forms
const formNames = Object.keys(forms) as Form[]

function arrowTexts(batch: RecordBatch, text: (row: Row) => string, model: Model): string[] {
  const names = batch.schema.fields.map(({ name }) => name)
  return Array.from({ length: batch.numRows }, (_, i) => {
    const values = names.map((name, c) => [
      name,
      arrowValue(batch.data.children[c]!, i, model.spec.columns[name]!),
    ])
    return text(Object.fromEntries(values) as Row)
  })
}

function compare(found: readonly string[], expected: readonly string[], what: () => string): void {
  const length = Math.max(found.length, expected.length)
  for (let i = 0; i < length; i++) {
    if (found[i] === expected[i]) continue
    throw new Error(
      `${what()}\nrow ${i} of ${found.length}, expected ${expected.length}:\n  found    ${found[i]}\n  expected ${expected[i]}`,
    )
  }
}

function scanOf(view: View, query: Query): ScanOf {
  return view.table.scan({ ...optionsOf(query, view.model), ...(view.snapshot && { snapshot: view.snapshot }) })
}

const kindOf = (view: View) => `${view.model.spec.name}${view.snapshot ? ` as of ${view.snapshot.seq}` : ''}`

/** Takes in one scan in some ways. The scan object is used for all of them: each starts anew. */
export async function checkScan(view: View, query: Query, ways: readonly (Form | 'count')[]): Promise<void> {
  const { model } = view
  const names = namesOf(query, model)
  const expected = answer(query, model, view.state).map((row) => expectedText(row, names))
  const scan = scanOf(view, query)
  for (const way of ways) {
    const what = () => `${kindOf(view)}: ${way} of scan ${describeQuery(query)}`
    if (way === 'count') compare([String(await scan.count())], [String(expected.length)], what)
    else compare(await forms[way](scan, (row) => model.textOf(row, names), model), expected, what)
  }
}

/** Some scans, each taken in in one or two ways. */
export async function checkScans(view: View, random: Random, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const ways = random.shuffled([...formNames, 'count' as const]).slice(0, random.between(1, 2))
    await checkScan(view, randomQuery(random, view.model), ways)
  }
}

/** All rows, both ways round, taken in in every way. */
export async function checkAll(view: View): Promise<void> {
  await checkScan(view, everything, [...formNames, 'count'])
  await checkScan(view, { ...everything, reverse: true }, ['toArray'])
}

/** Looks up keys: some that are there, and some of which the table may not know. */
export async function checkLookups(view: View, random: Random, count: number): Promise<void> {
  const { model, state } = view
  const names = model.columns.map(({ name }) => name)
  const rows = state.sorted().map(({ key }) => key)
  const keys: (readonly unknown[])[] = []
  for (let i = 0; i < count; i++) {
    const key = random.pick(
      random.pick([model.keys, rows, rows, state.recent].filter(({ length }) => length > 0)),
    )
    const columns = random.chance(0.6) ? undefined : random.shuffled(names).slice(0, random.below(4))
    keys.push(key)
    await checkLookup(view, key, columns)
  }
  await checkMany(view, keys)
}

async function checkLookup(
  view: View,
  key: readonly unknown[],
  columns: readonly string[] | undefined,
): Promise<void> {
  const { table, model, snapshot } = view
  const names = namesOf({ ...everything, columns }, model)
  const expected = textOrNone(view.state.get(key), (row) => expectedText(row, names))
  const asked = model.asKey(key)
  const options = { ...(columns && { columns }), ...(snapshot && { snapshot }) }
  const found = {
    get: textOrNone(await table.get(asked, options), (row) => model.textOf(row, names)),
    getSync: textOrNone(table.getSync(asked, options), (row) => model.textOf(row, names)),
  }
  for (const way of ['get', 'getSync'] as const) {
    compare(
      [found[way]],
      [expected],
      () => `${kindOf(view)}: ${way} of ${model.keyText(key)}, columns ${columns}`,
    )
  }
  const has = await table.has(asked, snapshot && { snapshot })
  compare([String(has)], [String(expected !== 'none')], () => `${kindOf(view)}: has of ${model.keyText(key)}`)
}

async function checkMany(
  { table, model, state, snapshot }: View,
  keys: readonly (readonly unknown[])[],
): Promise<void> {
  const names = namesOf(everything, model)
  const rows = await table.getMany(keys.map((key) => model.asKey(key)), snapshot && { snapshot }) // biome-ignore format: short
  const found = rows.map((row) => textOrNone(row, (one) => model.textOf(one, names)))
  const expected = keys.map((key) => textOrNone(state.get(key), (one) => expectedText(one, names)))
  compare(found, expected, () => `${model.spec.name}: getMany of ${keys.length} keys`)
}

function textOrNone<T>(row: T | undefined, text: (row: T) => string): string {
  return row === undefined ? 'none' : text(row)
}

/** A scan that has begun, while the table goes on changing: it keeps to what it began with. */
export class BegunScan {
  readonly #view: View
  readonly #query: Query
  readonly #names: readonly string[]
  readonly #expected: readonly ModelRow[]
  readonly #rows: AsyncIterator<Row>
  #at = 0

  private constructor(view: View, query: Query) {
    this.#view = view
    this.#query = query
    this.#names = namesOf(query, view.model)
    this.#expected = answer(query, view.model, view.state)
    this.#rows = scanOf(view, query)[Symbol.asyncIterator]()
  }

  static async begin(view: View, random: Random): Promise<BegunScan> {
    const scan = new BegunScan(
      view,
      random.chance(0.5) ? everything : { ...randomQuery(random, view.model), limit: undefined },
    )
    await scan.read(1)
    return scan
  }

  /** Reads up to so many rows more. */
  async read(rows: number): Promise<void> {
    for (let i = 0; i < rows; i++) {
      const { value, done } = await this.#rows.next()
      const found = done ? 'the end' : this.#view.model.textOf(value as Row, this.#names)
      const row = this.#expected[this.#at]
      const expected = row === undefined ? 'the end' : expectedText(row, this.#names)
      compare(
        [found],
        [expected],
        () => `${kindOf(this.#view)}: row ${this.#at} of begun scan ${describeQuery(this.#query)}`,
      )
      if (done) return
      this.#at++
    }
  }

  /** Leaves the rest unread. */
  async leave(): Promise<void> {
    await this.#rows.return?.()
  }
}
