// What must and must not compile. Every `@ts-expect-error` is a test: the compiler reports one that expects nothing.
// `types.test.ts` compiles this file; nobody runs it.

import {
  type AnyTable,
  and,
  type BatchOperationOf,
  type Columns,
  type Key,
  not,
  open,
  or,
  type Row,
  type RowInputOf,
  type ScanOptionsOf,
  type Table,
  t,
  type WhereOf,
} from 'marquetry'

// Rows

await using db = await open('x')
const flights = await db.table('flights', {
  columns: {
    date: t.timestamp(),
    origin: t.utf8(),
    destination: t.utf8(),
    number: t.int32(),
    delay: t.int32().nullable(),
    distance: t.int32(),
    f: t.float64(),
    j: t.json<{ a: number }>(),
    flag: t.bool(),
  },
  key: ['date', 'origin', 'destination', 'number'],
})
type R = Row<typeof flights>
const d = new Date()
const whole = {
  date: d,
  origin: 'ATL',
  destination: 'SAV',
  number: 17,
  distance: 1,
  f: 1,
  j: { a: 1 },
  flag: true,
}
await flights.put(whole)
await flights.put({ ...whole, delay: null })
await flights.put({ ...whole, delay: undefined })
await flights.put({ ...whole, delay: 5 })
// @ts-expect-error wrong type
await flights.put({ ...whole, origin: 1 })
// @ts-expect-error wrong json
await flights.put({ ...whole, j: { a: 'x' } })
// @ts-expect-error null in a column that is not nullable
await flights.put({ ...whole, distance: null })
const { distance, ...partial } = whole
// @ts-expect-error a column is missing
await flights.put(partial)
// @ts-expect-error unknown column
await flights.put({ ...partial, distance, typo: 1 })
// @ts-expect-error a row that was read has all columns
const notAll: R = whole
const input: RowInputOf<typeof flights> = whole
await flights.put(input)
declare const read: R
await flights.put(read)
read.delay = null // a row belongs to the caller
export const delay: number | null = read.delay

// Keys and bounds

await flights.get([d, 'ATL', 'SAV', 17])
// @ts-expect-error prefix is no key
await flights.get([d, 'ATL'])
// @ts-expect-error a composite key is no scalar
await flights.get(d)
flights.scan({ gte: [d], lt: [d, 'ATL'] })
flights.scan({ gt: [d, 'ATL', 'SAV', 17], lte: [d, 'ATL', 'SAV'] })
// @ts-expect-error wrong bound type
flights.scan({ gte: ['ATL'] })
// @ts-expect-error too long
flights.scan({ gte: [d, 'ATL', 'SAV', 17, 1] })
flights.scan({ prefix: [d, 'ATL'] })
// @ts-expect-error empty
flights.scan({ prefix: [] })
flights.scan({ prefix: [d, { startsWith: 'A' }] })
flights.scan({ prefix: [d, 'ATL', { startsWith: 'S' }] })
// @ts-expect-error startsWith of a timestamp
flights.scan({ prefix: [{ startsWith: d }] })
// @ts-expect-error startsWith of an integer
flights.scan({ prefix: [d, 'ATL', 'SAV', { startsWith: 1 }] })
// @ts-expect-error startsWith before the last part
flights.scan({ prefix: [d, { startsWith: 'A' }, 'SAV'] })
// @ts-expect-error startsWith is for prefixes
flights.scan({ gte: [d, { startsWith: 'A' }] })
const key: Key<typeof flights> = [d, 'ATL', 'SAV', 17]
await flights.get(key)
// @ts-expect-error too short
const shortKey: Key<typeof flights> = [d, 'ATL', 17]
declare const maybe: Date | undefined
flights.scan({ gte: maybe && [maybe], limit: undefined })
await flights.batch([
  { type: 'put', row: whole },
  { type: 'delete', key },
])
// @ts-expect-error a put has no key
await flights.batch([{ type: 'put', key }])
// @ts-expect-error unknown operation
await flights.batch([{ type: 'merge', row: whole }])
const operations: BatchOperationOf<typeof flights>[] = []
operations.push({ type: 'delete', key })
await flights.batch(operations)

const kv = await db.table('kv', { columns: { k: t.utf8(), v: t.int64() }, key: ['k'] })
await kv.get('x')
kv.scan({ gte: 'a', lt: 'b' })
kv.scan({ prefix: { startsWith: 'user:' } })
// @ts-expect-error equality with the whole key is a get; who writes this means startsWith
kv.scan({ prefix: 'user:' })
// @ts-expect-error single key is scalar
await kv.get(['x'])
// @ts-expect-error so is its bound
kv.scan({ gte: ['x'] })

const t2 = await db.table('t2', {
  columns: { a: t.timestamp('us'), b: t.decimal128(10, 2), c: t.date(), bytes: t.binary() },
  key: ['a', 'c', 'bytes'],
})
t2.scan({ gte: [1n], lt: [2n, d] })
t2.scan({ prefix: [1n, d, { startsWith: new Uint8Array(1) }], where: { b: { gte: '1.50' } } })
// @ts-expect-error bytes start with bytes
t2.scan({ prefix: [1n, d, { startsWith: 'x' }] })

// Projection

for await (const r of flights.scan({
  columns: ['origin', 'delay'],
  where: { delay: { gt: 60 }, origin: { startsWith: 'A', in: ['A'] } },
})) {
  const a: { origin: string; delay: number | null } = r
  // @ts-expect-error not projected
  r.date
  void a
}
for await (const r of flights.scan()) {
  const a: R = r
  void a
}
for await (const r of flights.scan({ limit: 3, reverse: true, signal: new AbortController().signal })) {
  const a: R = r
  void a
}
// @ts-expect-error unknown column
flights.scan({ columns: ['nope'] })
const names = ['origin', 'delay'] as const
for await (const r of flights.scan({ columns: names })) {
  const x: string = r.origin
  void x
}
const got = await flights.get(key, { columns: ['distance'] })
got?.distance satisfies number | undefined
// @ts-expect-error not projected
got?.origin
const options = { gte: [d], columns: ['origin'] }
// @ts-expect-error a mutable variable widens
flights.scan(options)
const typedOptions: ScanOptionsOf<typeof flights> = { gte: [d], columns: ['origin'] }
flights.scan(typedOptions)

// Snapshots

using snapshot = flights.snapshot()
flights.scan({ snapshot, limit: 1 })
await flights.get(key, { snapshot, columns: ['delay'] })
flights.scan({ snapshot: undefined })
// @ts-expect-error a number is no snapshot
flights.scan({ snapshot: 7 })

// Conditions

// @ts-expect-error unknown where column
flights.scan({ where: { nope: { eq: 1 } } })
// @ts-expect-error wrong where type
flights.scan({ where: { delay: { gt: 'x' } } })
// @ts-expect-error a value is no condition
flights.scan({ where: { delay: 60 } })
// @ts-expect-error unknown operator
flights.scan({ where: { delay: { above: 60 } } })
// @ts-expect-error null is asked for by isNull
flights.scan({ where: { delay: { eq: null } } })
flights.scan({ where: { delay: { isNull: true } } })
// @ts-expect-error not nullable
flights.scan({ where: { origin: { isNull: true } } })
// @ts-expect-error no text
flights.scan({ where: { distance: { startsWith: '1' } } })
// @ts-expect-error json has no order
flights.scan({ where: { j: { gt: 1 } } })
flights.scan({ where: { date: { between: [d, d] }, flag: { eq: true }, f: { notIn: [1, 2] } } })
flights.scan({ where: or({ delay: { gt: 60 } }, not({ origin: { eq: 'ATL' } })) })
flights.scan({ where: and({ delay: { gt: 60 } }, or({ flag: { eq: true } }, { f: { lt: 0 } })) })
// @ts-expect-error wrong type inside or
flights.scan({ where: or({ delay: { gt: 'x' } }) })
// @ts-expect-error unknown column deep inside
flights.scan({ where: and(or(not({ nope: { eq: 1 } }))) })
const late: WhereOf<typeof flights> = and({ delay: { gt: 60 } })
flights.scan({ where: late })
// @ts-expect-error a condition on another table's rows
kv.scan({ where: late })

// Schemas

// @ts-expect-error float key
await db.table('k', { columns: { a: t.float64() }, key: ['a'] })
// @ts-expect-error json key
await db.table('k', { columns: { a: t.json() }, key: ['a'] })
// @ts-expect-error nullable key
await db.table('k', { columns: { a: t.int32().nullable() }, key: ['a'] })
// @ts-expect-error unknown key column
await db.table('k', { columns: { a: t.int32() }, key: ['b'] })
// @ts-expect-error empty key
await db.table('k', { columns: { a: t.int32() }, key: [] })
// @ts-expect-error nullable twice
t.int32().nullable().nullable()

const pairs = await db.table('pairs', {
  columns: [
    ['2', t.utf8()],
    ['1', t.int32()],
    ['note', t.utf8().nullable()],
    ['x', t.float64()],
  ],
  key: ['2', '1'],
})
await pairs.put({ 2: 'a', 1: 1, x: 0 })
await pairs.get(['a', 1])
const pairRow: { '2': string; '1': number; note: string | null; x: number } | undefined = await pairs.get([
  'a',
  1,
])
pairs.scan({ prefix: ['a'], columns: ['note'], where: { note: { isNull: false } } })
// @ts-expect-error wrong type
await pairs.put({ 2: 1, 1: 1, x: 0 })
// @ts-expect-error keys are in key order
await pairs.get([1, 'a'])
// @ts-expect-error float key, in pairs
await db.table('k', { columns: [['a', t.float64()]], key: ['a'] })
// @ts-expect-error unknown key column, in pairs
await db.table('k', { columns: [['a', t.int32()]], key: ['b'] })

// Tables whose schema is not known

const dynamic = await db.table('flights')
for await (const r of dynamic.scan()) {
  const v: unknown = r.x
  void v
}
await dynamic.get(['a', 1])
await dynamic.get('a')
dynamic.scan({ prefix: ['a', { startsWith: 'b' }], columns: ['x'], where: { x: { gt: 1, isNull: false } } })
declare const built: Columns
const computed = await db.table('computed', { columns: built, key: ['id', 'n'] })
await computed.put({ id: 1 })
declare const builtPairs: [string, Columns[string]][]
const computedPairs = await db.table('computed', { columns: builtPairs, key: ['id'] })
await computedPairs.put({ id: 1, x: null })

// Generic code

const erased: Table = kv as unknown as Table
const list: AnyTable[] = [flights, kv, t2, pairs, dynamic]
function first<T extends AnyTable>(table: T): Row<T> | undefined {
  void table
  return undefined
}
first(flights)?.origin satisfies string | undefined
first(dynamic)?.x satisfies unknown

void [notAll, shortKey, pairRow, erased, list, computed]
