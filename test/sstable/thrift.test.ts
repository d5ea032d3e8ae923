import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeThrift,
  encodeThrift,
  fieldOf,
  numberOf,
  structList,
  structsOf,
  type ThriftField,
  type ThriftStruct,
  type ThriftValue,
  thriftStruct,
  thriftTypes,
  withField,
} from '#src/sstable/thrift.js'

const { i8, i16, i32, i64, double, binary, list, struct } = thriftTypes

type Typed = readonly [type: number, value: ThriftValue]

const integers = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value): Typed => {
  const number = Number(value)
  return [i64, Number.isSafeInteger(number) ? number : value]
})
const scalars: fc.Arbitrary<Typed> = fc.oneof(
  integers,
  fc.integer().map((value): Typed => [i32, value]),
  fc.integer({ min: -32768, max: 32767 }).map((value): Typed => [i16, value]),
  fc.integer({ min: -128, max: 127 }).map((value): Typed => [i8, value]),
  fc.double().map((value): Typed => [double, value]),
  fc.uint8Array({ maxLength: 200 }).map((value): Typed => [binary, value]),
)
const { tree } = fc.letrec<{ tree: ThriftStruct; value: Typed }>((tie) => ({
  tree: fc
    .tuple(
      fc.uniqueArray(fc.integer({ min: 1, max: 400 }), { maxLength: 6 }),
      fc.array(tie('value'), { minLength: 6, maxLength: 6 }),
    )
    .map(([ids, values]): ThriftStruct => {
      const sorted = ids.sort((a, b) => a - b)
      return { fields: sorted.map((id, i): ThriftField => ({ id, type: values[i]![0], value: values[i]![1] })) }
    }),
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalars,
    fc.boolean().map((value): Typed => [value ? thriftTypes.true : thriftTypes.false, value]),
    fc.array(fc.integer(), { maxLength: 40 }).map((items): Typed => [list, { elementType: i32, items }]),
    fc.array(fc.boolean(), { maxLength: 20 }).map((items): Typed => [list, { elementType: 1, items }]),
    tie('tree').map((value): Typed => [struct, value]),
    fc.array(tie('tree'), { maxLength: 3 }).map((items): Typed => [list, structList(items)]),
  ),
}))

const flights = new URL('../../node_modules/vega-datasets/data/flights-3m.parquet', import.meta.url)

/** A footer that another writer (Polars) made. */
function foreignFooter(): Uint8Array {
  const file = new Uint8Array(readFileSync(flights))
  const length = new DataView(file.buffer).getUint32(file.length - 8, true)
  return file.subarray(file.length - 8 - length, file.length - 8)
}

describe('Thrift', () => {
  test('every tree comes back as it was', () => {
    fc.assert(
      fc.property(tree, (value) => {
        const bytes = encodeThrift(value)
        const decoded = decodeThrift(bytes)
        expect(decoded.end).toBe(bytes.length)
        expect(decoded.value).toEqual(value)
        expect(encodeThrift(decoded.value)).toEqual(bytes)
      }),
    )
  })

  test('a footer of another writer is encoded to its own bytes', () => {
    const footer = foreignFooter()
    const { value, end } = decodeThrift(footer)
    expect(end).toBe(footer.length)
    expect(numberOf(value, 3)).toBe(3_000_000)
    expect(Buffer.compare(encodeThrift(value), footer)).toBe(0)
  })

  test('a struct is found at any position', () => {
    const bytes = encodeThrift(thriftStruct([1, i32, 7]))
    expect(decodeThrift(Uint8Array.of(9, 9, ...bytes, 9), 2)).toEqual({
      value: { fields: [{ id: 1, type: i32, value: 7 }] },
      end: 2 + bytes.length,
    })
  })

  test('setting a field keeps unknown ones and their order', () => {
    const before = thriftStruct([1, i32, 1], [999, i64, 2 ** 40], [1000, binary, Uint8Array.of(1)])
    const after = withField(before, 7, i32, 70)
    expect(after.fields.map(({ id }) => id)).toEqual([1, 7, 999, 1000])
    expect(withField(after, 7, i32, undefined)).toEqual(before)
    expect(fieldOf(decodeThrift(encodeThrift(after)).value, 999)).toBe(2 ** 40)
  })

  test('bytes that end too early are refused', () => {
    const whole = encodeThrift(
      thriftStruct(
        [1, i64, 2n ** 60n],
        [2, binary, Uint8Array.of(1, 2, 3)],
        [3, list, structList([{ fields: [] }])],
      ),
    )
    for (let length = 0; length < whole.length; length++) {
      expect(() => decodeThrift(whole.subarray(0, length)), `${length} bytes`).toThrow(RangeError)
    }
  })

  test('random bytes end in a value or a RangeError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          decodeThrift(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
        }
      }),
    )
  })

  test('nesting without end is refused, not followed', () => {
    expect(() => decodeThrift(new Uint8Array(100_000).fill(0x1c))).toThrow('nest too deep')
    expect(() => decodeThrift(new Uint8Array(100_000).fill(0x19))).toThrow('nest too deep')
  })

  test('fields of another type than expected are refused', () => {
    const value = thriftStruct([1, i64, 2n ** 60n], [2, binary, Uint8Array.of(1)])
    expect(() => numberOf(value, 1)).toThrow(RangeError)
    expect(() => structsOf(value, 2)).toThrow(RangeError)
    expect(structsOf(value, 3)).toEqual([])
  })
})
