// Every column type with its values, for random tests: how to make them, how they sort, how they come back.
// The order is written down here a second time, from the values alone, as the oracle of keys and comparators.

import fc from 'fast-check'
import { type Column, t } from '#src/format/column.js'

export interface KindUnderTest {
  readonly name: string
  readonly column: Column & { nullable?: () => Column }
  readonly values: fc.Arbitrary<unknown>
  /** Order of two values. */
  readonly compare: (a: never, b: never) => number
  /** The value that is read after this one was written. */
  readonly back: (value: never) => unknown
}

const order = <T extends number | bigint | boolean>(a: T, b: T) => (a < b ? -1 : a > b ? 1 : 0)
const same = (value: unknown) => value

/** Code points that tell UTF-8 order from UTF-16 order, lengths of encodings from each other, and zeros from all. */
const characters = [
  ...['\0', '\u0001', 'a', 'b', '\x7f', '\x80', '\xff', '\u07ff', '\u0800', '\ud7ff', '\ue000', '\uffff'],
  ...['\u{10000}', '\u{1f600}', '\u{10ffff}'],
]

const texts = fc.oneof(
  fc.string({ unit: fc.constantFrom(...characters), maxLength: 6 }),
  fc.string({ unit: fc.constantFrom('a', '\0'), maxLength: 4 }),
  fc.string({ unit: fc.constantFrom('a', 'é'), minLength: 40, maxLength: 60 }), // around the loop's limit
  fc.string({ unit: 'binary', maxLength: 12 }),
)

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 8 }),
  fc.array(fc.constantFrom(0, 1, 0xfe, 0xff), { maxLength: 4 }).map((values) => Uint8Array.from(values)),
)

function compareText(a: string, b: string): number {
  const [x, y] = [[...a], [...b]]
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const difference = (x[i]?.codePointAt(0) ?? 0) - (y[i]?.codePointAt(0) ?? 0)
    if (difference !== 0) return difference
  }
  return x.length - y.length
}

function integers(name: 'int8' | 'int16' | 'int32' | 'uint8' | 'uint16' | 'uint32', min: number, max: number) {
  const values = fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max, 0, 1, min + 1, max - 1))
  return { name, column: t[name](), values, compare: order<number>, back: (n: number) => n + 0 }
}

const int64s = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(
    -(2n ** 63n),
    2n ** 63n - 1n,
    0n,
    -1n,
    1n,
    2n ** 32n,
    2n ** 32n - 1n,
    -(2n ** 32n),
    2n ** 31n,
  ),
)

const dayMs = 86_400_000
const dates = fc
  .oneof(fc.integer({ min: -1e8, max: 1e8 }), fc.constantFrom(0, -1, 1, -1e8, 1e8))
  .map((days) => new Date(days * dayMs))
const instants = fc
  .oneof(
    fc.integer({ min: -8.64e15, max: 8.64e15 }),
    fc.constantFrom(0, -1, 1, 2 ** 32, -(2 ** 32), 2 ** 31, -8.64e15, 8.64e15),
  )
  .map((ms) => new Date(ms))

function decimals(precision: number, scale: number): KindUnderTest {
  const most = 10n ** BigInt(precision) - 1n
  const unit = 10n ** BigInt(scale)
  const values = fc
    .oneof(fc.bigInt({ min: -most, max: most }), fc.constantFrom(0n, -1n, 1n, most, -most))
    .map((unscaled) => {
      const size = unscaled < 0n ? -unscaled : unscaled
      const fraction = scale === 0 ? '' : `.${String(size % unit).padStart(scale, '0')}`
      return `${unscaled < 0n ? '-' : ''}${size / unit}${fraction}`
    })
  const unscaled = (text: string) => BigInt(text.replace('.', ''))
  return {
    name: `decimal128(${precision}, ${scale})`,
    column: t.decimal128(precision, scale),
    values,
    compare: (a: string, b: string) => order(unscaled(a), unscaled(b)),
    back: same,
  }
}

const byTime = (a: Date, b: Date) => a.getTime() - b.getTime()

/** All kinds that may be in a key. */
export const keyKinds: readonly KindUnderTest[] = [
  { name: 'bool', column: t.bool(), values: fc.boolean(), compare: order<boolean>, back: same },
  integers('int8', -128, 127),
  integers('int16', -32768, 32767),
  integers('int32', -(2 ** 31), 2 ** 31 - 1),
  integers('uint8', 0, 255),
  integers('uint16', 0, 65535),
  integers('uint32', 0, 2 ** 32 - 1),
  { name: 'int64', column: t.int64(), values: int64s, compare: order<bigint>, back: same },
  { name: 'timestamp us', column: t.timestamp('us'), values: int64s, compare: order<bigint>, back: same },
  { name: 'timestamp ms', column: t.timestamp('ms'), values: instants, compare: byTime, back: same },
  { name: 'date', column: t.date(), values: dates, compare: byTime, back: same },
  { name: 'utf8', column: t.utf8(), values: texts, compare: compareText, back: same },
  {
    name: 'binary',
    column: t.binary(),
    values: bytes,
    compare: (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b),
    back: same,
  },
  decimals(38, 0),
  decimals(38, 38),
  decimals(10, 2),
  decimals(1, 1),
]

const numberOrder = (a: number, b: number) => {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
  return a < b ? -1 : a > b ? 1 : 0
}

/** All kinds that may not be in a key. */
export const otherKinds: readonly KindUnderTest[] = [
  { name: 'float64', column: t.float64(), values: fc.double(), compare: numberOrder, back: same },
  { name: 'float32', column: t.float32(), values: fc.double(), compare: numberOrder, back: Math.fround },
  {
    name: 'json',
    column: t.json(),
    values: fc.jsonValue(),
    compare: () => 0, // no order
    back: (value: unknown) => JSON.parse(JSON.stringify(value)),
  },
]

export const allKinds: readonly KindUnderTest[] = [...keyKinds, ...otherKinds]

/** A key kind made of several others, with keys that often share leading values. */
export interface KeysUnderTest {
  readonly kinds: readonly KindUnderTest[]
  /** Parts of each key. */
  readonly keys: readonly (readonly unknown[])[]
}

/** One to four key columns of any kinds, and keys whose parts are drawn from a few values per column. */
export const randomKeys: fc.Arbitrary<KeysUnderTest> = fc
  .array(fc.constantFrom(...keyKinds), { minLength: 1, maxLength: 4 })
  .chain((kinds) =>
    fc
      .tuple(
        fc.tuple(...kinds.map((kind) => fc.array(kind.values, { minLength: 1, maxLength: 4 }))),
        fc.array(fc.array(fc.nat(3), { minLength: kinds.length, maxLength: kinds.length }), {
          minLength: 2,
          maxLength: 10,
        }),
      )
      .map(([pools, picks]) => ({
        kinds,
        keys: picks.map((pick) => pick.map((at, column) => pools[column]?.[at % pools[column].length])),
      })),
  )

/** Order of keys, or of a key and a prefix, by the leading parts that both have. */
export function compareParts(
  kinds: readonly KindUnderTest[],
  a: readonly unknown[],
  b: readonly unknown[],
): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = kinds[i]?.compare(a[i] as never, b[i] as never) ?? 0
    if (difference !== 0) return difference
  }
  return 0
}

/** A key as a user gives it. */
export function asKey(parts: readonly unknown[]): unknown {
  return parts.length === 1 ? parts[0] : parts
}
