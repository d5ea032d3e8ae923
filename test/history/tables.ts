// The tables that histories are made of: between them they have all column types, keys of one and of several columns,
// key columns that stand behind others, and keys of every type that may be one.

import { type Column, t } from 'marquetry'
import type { Random } from './random.js'
import { type Meaning, meaningOf } from './values.js'

export interface TableSpec {
  readonly name: string
  readonly columns: { readonly [name: string]: Column }
  readonly key: readonly [string, ...string[]]
  /** How many keys there are to write to. */
  readonly keys: number
  /** Values of key columns, where any value would make keys that have nothing in common. */
  readonly parts?: { readonly [name: string]: (random: Random) => unknown }
}

const airports = ['ATL', 'BOS', 'DFW', 'JFK', 'LAX', 'ORD', 'SAN', 'SAV']

const flights: TableSpec = {
  name: 'flights',
  columns: {
    date: t.timestamp(),
    origin: t.utf8(),
    destination: t.utf8(),
    number: t.int32(),
    delay: t.int32().nullable(),
    distance: t.int32().nullable(),
    carrier: t.utf8().nullable(),
  },
  key: ['date', 'origin', 'destination', 'number'],
  keys: 1500,
  parts: {
    date: (random) => new Date(Date.UTC(2001, 2, random.between(1, 9), random.pick([0, 7, 19]))),
    origin: (random) => random.pick(airports),
    destination: (random) => random.pick(airports),
    number: (random) => random.pick([-1, 1, 2, 17, 70_000]),
  },
}

/** Every type, once required and, in part, once nullable. */
const everything: TableSpec = {
  name: 'everything',
  columns: {
    bool: t.bool().nullable(),
    int8: t.int8(),
    int16: t.int16().nullable(),
    int64: t.int64().nullable(),
    id: t.utf8(),
    uint8: t.uint8(),
    uint16: t.uint16().nullable(),
    uint32: t.uint32(),
    float32: t.float32().nullable(),
    float64: t.float64(),
    text: t.utf8().nullable(),
    binary: t.binary().nullable(),
    date: t.date().nullable(),
    ms: t.timestamp('ms').nullable(),
    us: t.timestamp('us'),
    money: t.decimal128(9, 2).nullable(),
    exact: t.decimal128(38, 10),
    json: t.json().nullable(),
    structure: t.json(),
  },
  key: ['id'],
  keys: 700,
}

/** The key's columns are not the first ones, and not in the order of the schema. */
const blobs: TableSpec = {
  name: 'blobs',
  columns: { score: t.float64().nullable(), tag: t.binary(), note: t.utf8().nullable(), id: t.int64() },
  key: ['id', 'tag'],
  keys: 600,
}

/** Key columns that Parquet stores as something else, or in another byte order. */
const odd: TableSpec = {
  name: 'odd',
  columns: {
    code: t.uint32(),
    amount: t.decimal128(9, 2),
    day: t.date(),
    flag: t.bool(),
    small: t.int8(),
    at: t.timestamp('us'),
    wide: t.decimal128(30, 0),
    value: t.uint16().nullable(),
  },
  key: ['code', 'amount', 'day', 'flag', 'small', 'at', 'wide'],
  keys: 500,
  parts: {
    code: (random) => random.pick([0, 1, 2 ** 31, 2 ** 32 - 1]),
    amount: (random) => random.pick(['-0.01', '0.00', '9999999.99', '-9999999.99']),
    day: (random) => new Date(86_400_000 * random.pick([-1, 0, 11_000])),
    small: (random) => random.pick([-128, -1, 0, 127]),
    at: (random) => random.pick([-1n, 0n, 10n ** 15n]),
  },
}

export const tableSpecs = [flights, everything, blobs, odd] as const

/** Columns that a table may get later. */
const laterColumns: readonly Column[] = [
  t.int64().nullable(),
  t.utf8().nullable(),
  t.bool().nullable(),
  t.decimal128(12, 3).nullable(),
  t.json().nullable(),
  t.date().nullable(),
  t.binary().nullable(),
  t.float32().nullable(),
  t.uint8().nullable(),
  t.timestamp('us').nullable(),
]

/** The table with one to three nullable columns more, behind those it has. */
export function extendedSpec(spec: TableSpec, random: Random): TableSpec {
  const columns: { [name: string]: Column } = { ...spec.columns }
  for (let count = random.between(1, 3); count > 0; count--) {
    columns[`later${Object.keys(columns).length}`] = random.pick(laterColumns)
  }
  return { ...spec, columns }
}

/** A column with what its values mean. */
export interface ColumnInfo {
  readonly name: string
  readonly column: Column
  readonly nullable: boolean
  readonly isKey: boolean
  readonly meaning: Meaning
}

export function columnsOf(spec: TableSpec): ColumnInfo[] {
  return Object.entries(spec.columns).map(([name, column]) => ({
    name,
    column,
    nullable: column.isNullable,
    isKey: spec.key.includes(name),
    meaning: meaningOf(column),
  }))
}
