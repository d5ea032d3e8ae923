// Random schemas, rows, batches and sources, and the plain rows they stand for.

import { test } from 'vitest'
import type { Batch, Projection } from '#src/format/batch.js'
import type { Column } from '#src/format/column.js'
import { t } from '#src/format/column.js'
import { encodeKey } from '#src/format/key-codec.js'
import { defineSchema, type Schema } from '#src/format/schema.js'
import type { BatchSource } from '#src/format/source.js'
import { nullVector, type Vector } from '#src/format/vector.js'
import { sliceBatch } from '#src/scan/gather.js'
import { ByteSink } from '#src/util/byte-sink.js'
import { compareBytes } from '#src/util/bytes.js'
import { seededRandom } from '#src/util/seeded-random.js'

/** A generator of numbers in [0, 1) that a seed decides. */
export class Random {
  readonly next: () => number
  constructor(seed: number) {
    this.next = seededRandom(seed)
  }
  below(end: number): number {
    return Math.floor(this.next() * end)
  }
  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!
  }
  chance(probability: number): boolean {
    return this.next() < probability
  }
}

const firstSeed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000)

/** Runs a property for `count` seeds, or for the one in SEED; a failure names its seed. */
export function property(name: string, count: number, body: (random: Random) => void | Promise<void>): void {
  test(name, async () => {
    for (let i = 0; i < (process.env['SEED'] === undefined ? count : 1); i++) {
      const seed = firstSeed + i
      try {
        await body(new Random(seed))
      } catch (error) {
        if (error instanceof Error) error.message = `SEED=${seed}: ${error.message}`
        throw error
      }
    }
  })
}

type Value = unknown
export type Row = Record<string, Value>
/** One version of one key, as the model sees it. */
export interface Version {
  readonly row: Row
  readonly seq: number
  readonly deleted: boolean
}

const letters = [
  '',
  'a',
  'ab',
  'abc',
  'b',
  'zz',
  'é',
  '\uffee',
  '😀',
  '\u0000',
  'ATL-and-a-longer-text-of-some-forty-eight-chars-or-more',
]
const numbers = [0, 1, 2, 3, 100, 127]
const signed = [...numbers, -1, -128]

const kinds: Record<string, { readonly column: () => Column; readonly value: (r: Random) => Value }> = {
  bool: { column: t.bool, value: (r) => r.chance(0.5) },
  int8: { column: t.int8, value: (r) => r.pick(signed) },
  int16: { column: t.int16, value: (r) => r.pick([...signed, 32767, -32768]) },
  int32: { column: t.int32, value: (r) => r.pick([...signed, 2 ** 31 - 1, -(2 ** 31)]) },
  int64: {
    column: t.int64,
    value: (r) => r.pick([0n, 1n, -1n, 1n << 32n, (1n << 32n) - 1n, -(1n << 63n), (1n << 63n) - 1n]),
  },
  uint8: { column: t.uint8, value: (r) => r.pick([...numbers, 255]) },
  uint16: { column: t.uint16, value: (r) => r.pick([...numbers, 65535]) },
  uint32: { column: t.uint32, value: (r) => r.pick([...numbers, 2 ** 32 - 1]) },
  float32: {
    column: t.float32,
    value: (r) => Math.fround(r.pick([0, -0, 0.1, -1.5, Number.NaN, Infinity, -Infinity, 3e38])),
  },
  float64: {
    column: t.float64,
    value: (r) => r.pick([0, -0, 0.1, -1.5, Number.NaN, Infinity, -Infinity, 1e300]),
  },
  utf8: { column: t.utf8, value: (r) => r.pick(letters) },
  binary: {
    column: t.binary,
    value: (r) => Uint8Array.from({ length: r.below(4) }, () => r.pick([0, 1, 255])),
  },
  date: { column: t.date, value: (r) => new Date(86_400_000 * r.pick([0, 1, -1, 20_000])) },
  timestamp: {
    column: () => t.timestamp(),
    value: (r) => new Date(r.pick([0, 1, -1, 2 ** 32, 1.7e12, -1e10])),
  },
  timestampUs: { column: () => t.timestamp('us'), value: (r) => r.pick([0n, -5n, 1n << 40n]) },
  decimal: {
    column: () => t.decimal128(30, 2),
    value: (r) => r.pick(['0.00', '-0.01', '12.50', '99999999999999999999.99', '-99999999999999999999.99']),
  },
  json: { column: () => t.json(), value: (r) => r.pick([1, 'x', [1, { a: true }], {}]) },
}
const keyable = Object.keys(kinds).filter((kind) => !['float32', 'float64', 'json'].includes(kind))

/** A schema of random columns: `make` gives one of its rows, `kindOf` tells what its columns were made from. */
export interface World {
  readonly schema: Schema
  readonly all: Projection
  value(random: Random, name: string): Value
  row(random: Random): Row
}

export function randomWorld(random: Random, valueColumns = 1 + random.below(5)): World {
  const made: [string, string, boolean][] = []
  const names = ['__proto__', 'constructor', 'toString', 'a', 'b', 'c', 'd', 'e', 'f', 'g']
  const keys = 1 + random.below(3)
  for (let i = 0; i < keys + valueColumns; i++) {
    const kind = random.pick(i < keys ? keyable : Object.keys(kinds))
    const name = names.splice(random.below(names.length), 1)[0]!
    made.push([name, kind, i >= keys && random.chance(0.6)])
  }
  const key = made.slice(0, keys).map(([name]) => name)
  made.sort(() => random.next() - 0.5)
  const schema = defineSchema({
    columns: made.map(([name, kind, nullable]) => {
      const column = kinds[kind]!.column() as ReturnType<typeof t.bool>
      return [name, nullable ? column.nullable() : column] as const
    }),
    key,
  })
  const kindOf = new Map(made.map(([name, kind]) => [name, kind]))
  const value = (r: Random, name: string) => kinds[kindOf.get(name)!]!.value(r)
  return {
    schema,
    all: made.map((_, i) => i),
    value,
    row: (r) =>
      ownObject(made.map(([name, , nullable]) => [name, nullable && r.chance(0.3) ? null : value(r, name)])),
  }
}

/** An object whose properties are its own whatever their names: `fromEntries` defines, it does not assign. */
export function ownObject(entries: readonly (readonly [string, Value])[]): Row {
  return Object.fromEntries(entries)
}

export function keyOf(schema: Schema, row: Row): Uint8Array {
  const parts = schema.key.map((index) => row[schema.columns[index]!.name])
  return encodeKey(schema, parts.length === 1 ? parts[0] : parts)
}

/** Key ascending (or descending), the versions of one key newest first. */
export function sortVersions(schema: Schema, versions: readonly Version[], reverse = false): Version[] {
  return versions
    .map((version) => ({ version, key: keyOf(schema, version.row) }))
    .sort((a, b) => compareBytes(a.key, b.key) * (reverse ? -1 : 1) || b.version.seq - a.version.seq)
    .map(({ version }) => version)
}

function vectorOf(schema: Schema, index: number, versions: readonly Version[]): Vector {
  const { codec, name } = schema.columns[index]!
  const isKey = schema.key.includes(index)
  const sink = new ByteSink()
  const starts = new Uint32Array(versions.length)
  const ends = new Uint32Array(versions.length)
  const valid = new Uint8Array(versions.length)
  versions.forEach(({ row, deleted }, i) => {
    if (row[name] === null || (deleted && !isKey)) return
    const at = sink.reserve(codec.rowBytes)
    if (!codec.writeRow(sink, at, row[name])) throw new Error(`bad test value for ${name}`)
    if (codec.rowBytes > 0) sink.length = at + codec.rowBytes
    starts[i] = at
    ends[i] = sink.length
    valid[i] = 1
  })
  if (versions.length > 0 && !valid.includes(1)) return nullVector(codec.layout, versions.length)
  return codec.fromRows(sink.bytes, starts, ends, valid.includes(0) ? valid : undefined)
}

export function batchOf(schema: Schema, projection: Projection, versions: readonly Version[]): Batch {
  return {
    rows: versions.length,
    columns: projection.map((index) => vectorOf(schema, index, versions)),
    seq: Float64Array.from(versions, ({ seq }) => seq),
    deleted: versions.some(({ deleted }) => deleted)
      ? Uint8Array.from(versions, ({ deleted }) => Number(deleted))
      : undefined,
  }
}

/** What a batch says, one `[values, seq, deleted]` a row; values of tombstones are left out. */
export function contentOf(schema: Schema, projection: Projection, batch: Batch): unknown[] {
  return Array.from({ length: batch.rows }, (_, i) => {
    const deleted = batch.deleted?.[i] === 1
    const values = projection.map((index, c) => {
      const vector = batch.columns[c]!
      if (vector.length !== batch.rows) throw new Error('a column has another length than its batch')
      if (deleted && !schema.key.includes(index)) return undefined
      return vector.valid?.[i] === 0 ? null : schema.columns[index]!.codec.value(vector, i)
    })
    return [values, batch.seq[i], deleted]
  })
}

export function contentOfVersions(
  schema: Schema,
  projection: Projection,
  versions: readonly Version[],
): unknown[] {
  return versions.map(({ row, seq, deleted }) => [
    projection.map((index) =>
      deleted && !schema.key.includes(index) ? undefined : row[schema.columns[index]!.name],
    ),
    seq,
    deleted,
  ])
}

/** The versions as batches cut at random places: some slices of a greater batch, some in memory of their own. */
export function cut(
  random: Random,
  schema: Schema,
  projection: Projection,
  versions: readonly Version[],
  most = 20,
): Batch[] {
  const batches: Batch[] = []
  const whole = random.chance(0.5) ? batchOf(schema, projection, versions) : undefined
  for (let from = 0; from < versions.length; ) {
    const to = Math.min(versions.length, from + 1 + random.below(most))
    batches.push(
      whole === undefined ? batchOf(schema, projection, versions.slice(from, to)) : sliceBatch(whole, from, to),
    )
    from = to
  }
  return batches
}

/** Answers with promises as often as `late` says. */
export class ListSource implements BatchSource {
  readonly #batches: Batch[]
  readonly #late: () => boolean
  closed = 0
  asked = 0
  constructor(batches: readonly Batch[], late: () => boolean = () => false) {
    this.#batches = [...batches]
    this.#late = late
  }
  next(): Batch | undefined | Promise<Batch | undefined> {
    this.asked++
    const batch = this.closed > 0 ? undefined : this.#batches.shift()
    if (!this.#late()) return batch
    return new Promise((resolve) => setImmediate(resolve, batch))
  }
  close(): void {
    this.closed++
  }
}

export async function drain(source: BatchSource): Promise<Batch[]> {
  const batches: Batch[] = []
  for (;;) {
    const batch = await source.next()
    if (batch === undefined) return batches
    if (batch.rows === 0) throw new Error('a source yields no empty batches')
    batches.push(batch)
  }
}

/** Drains a source that must never answer with a promise. */
export function drainSync(source: BatchSource): Batch[] {
  const batches: Batch[] = []
  for (;;) {
    const batch = source.next()
    if (batch instanceof Promise) throw new Error('a synchronous source was expected')
    if (batch === undefined) return batches
    batches.push(batch)
  }
}
