import bloomFilters from 'bloom-filters'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isMarquetryError } from '#src/errors.js'
import { t } from '#src/format/column.js'
import { encodeKey } from '#src/format/key-codec.js'
import { defineSchema } from '#src/format/schema.js'
import {
  filterBitsMax,
  filterHashesMax,
  filterHeaderBytes,
  filterKeysMin,
  filterVersion,
  KeyFilter,
} from '#src/sstable/filter.js'
import { filterSize, KeyFilterBuilder } from '#src/sstable/filter-builder.js'
import { hashKey, type KeyHash } from '#src/sstable/key-hash.js'
import { vectorOf } from './batches.js'
import { filterOf, hashAt, keySeries } from './filter-keys.js'

const { BloomFilter, Hashing } = bloomFilters
type Oracle = InstanceType<typeof BloomFilter>

/** Elements are written "first second"; with the filter's seed 0, its two hashes are asked for with seeds 1 and 2. */
class Precomputed extends Hashing {
  override serialize(element: string, seed?: number): number {
    return Number(element.split(' ')[(seed ?? 0) - 1])
  }
}
const element = ({ first, second }: KeyHash) => `${first} ${second}`

/** bloom-filters' own filter, with our hashes. */
function oracleOf(bits: number, hashes: number): Oracle {
  const oracle = new BloomFilter(bits, hashes)
  oracle._hashing = new Precomputed()
  oracle.seed = 0
  return oracle
}

function bodyOf(bits: number, hashes: number, bytes: Uint8Array, version = filterVersion): Uint8Array {
  const body = new Uint8Array(filterHeaderBytes + bytes.length)
  const view = new DataView(body.buffer)
  view.setUint32(0, version, true)
  view.setUint32(4, hashes, true)
  view.setUint32(8, bits, true)
  body.set(bytes, filterHeaderBytes)
  return body
}

const words = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  fc.constantFrom(0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1),
)
const hashes = fc.record({ first: words, second: words })
const schema = defineSchema({ columns: { key: t.binary() }, key: ['key'] })

describe('the filter and the package bloom-filters', () => {
  test('answer alike over the same bits', () => {
    const dense = fc.integer({ min: 1, max: 3000 }).chain((bits) =>
      fc.tuple(
        fc.constant(bits),
        fc.integer({ min: 1, max: Math.min(bits, 40) }),
        fc.array(fc.constantFrom(0xff, 0xff, 0xff, 0xff, 0x7f, 0xfe, 0xbd), {
          minLength: Math.ceil(bits / 8),
          maxLength: Math.ceil(bits / 8),
        }),
        fc.array(hashes, { minLength: 20, maxLength: 20 }),
      ),
    )
    let [yes, no] = [0, 0]
    fc.assert(
      fc.property(dense, ([bits, count, bytes, asked]) => {
        const filter = new KeyFilter('f', bodyOf(bits, count, Uint8Array.from(bytes)))
        const oracle = oracleOf(bits, count)
        oracle._filter.array.set(bytes)
        for (const hash of asked) {
          const answer = oracle.has(element(hash))
          expect(filter.has(hash)).toBe(answer)
          answer ? yes++ : no++
        }
      }),
      { numRuns: 500 },
    )
    expect(Math.min(yes, no)).toBeGreaterThan(1000)
  })

  test('set the same bits for the same keys', () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 20 })
    const sets = fc.uniqueArray(bytes, {
      minLength: filterKeysMin,
      maxLength: 200,
      selector: (key) => Buffer.from(key).toString('hex'),
    })
    const rates = fc.double({ min: 1e-6, max: 0.99, noNaN: true })
    fc.assert(
      fc.property(sets, rates, fc.array(bytes), (keys, errorRate, others) => {
        const builder = new KeyFilterBuilder(errorRate)
        const versions = keys.flatMap((key, i) => (i % 3 === 0 ? [key, key] : [key]))
        builder.add([vectorOf(schema.columns[0]!, versions)], versions.length)
        const body = builder.finish()!
        const optimal = BloomFilter.create(keys.length, errorRate)
        const size = filterSize(keys.length, errorRate)
        expect(size.hashes).toBe(optimal._nbHashes)
        expect(size.bits).toBeGreaterThanOrEqual(optimal.size)
        expect(size.bits).toBeLessThanOrEqual(Math.max(optimal.size, (1 + 1 / 64) * optimal.size))
        const oracle = oracleOf(size.bits, size.hashes)
        const hashOf = (key: Uint8Array) => hashKey(encodeKey(schema, key))
        for (const key of keys) oracle.add(element(hashOf(key)))
        expect(Buffer.from(body.subarray(filterHeaderBytes))).toEqual(Buffer.from(oracle._filter.array))
        const filter = new KeyFilter('f', body)
        expect(filter).toMatchObject({
          keys: keys.length,
          errorRate,
          ...size,
        })
        for (const key of keys) expect(filter.has(hashOf(key))).toBe(true)
        for (const key of others) expect(filter.has(hashOf(key))).toBe(oracle.has(element(hashOf(key))))
      }),
      { numRuns: 200 },
    )
  })
})

test('neighbours that have one half of their hash in common are two keys', () => {
  const series = keySeries['a 64-bit integer']!
  const seen = new Map<number, number>()
  let pairs = 0
  for (let i = 0; i < 300_000; i++) {
    const { first } = hashAt(series, i)
    const other = seen.get(first)
    seen.set(first, i)
    if (other === undefined) continue
    pairs++
    const builder = new KeyFilterBuilder(1e-9)
    builder.add([vectorOf(series.schema.columns[0]!, [BigInt(other), BigInt(i)])], 2)
    builder.add(series.vectors(1_000_000, 1_000_100), 100)
    const filter = new KeyFilter('f', builder.finish()!)
    expect(filter.keys).toBe(102)
    expect([other, i].map((key) => filter.has(hashAt(series, key)))).toEqual([true, true])
  }
  expect(pairs).toBeGreaterThan(0)
})

describe('wrong answers', () => {
  const asked = 100_000
  /** Share of "maybe" for keys that are not in. */
  function measured(name: string, keys: number, errorRate: number): number {
    const series = keySeries[name]!
    const filter = filterOf(series, keys, errorRate)
    for (let i = 0; i < keys; i += 97) expect(filter.has(hashAt(series, i))).toBe(true)
    let maybe = 0
    for (let i = keys; i < keys + asked; i++) maybe += Number(filter.has(hashAt(series, i)))
    return maybe / asked
  }

  const sizes = [10_000, 100_000, 1_000_000]
  const cases = Object.keys(keySeries).flatMap((name) => sizes.map((keys) => ({ name, keys })))
  test.each(cases)('about 1 % of the time with $keys keys like $name', ({ name, keys }) => {
    const rate = measured(name, keys, 0.01)
    console.info(`${keys} keys like ${name}: ${(100 * rate).toFixed(3)} % of absent keys pass a filter for 1 %`)
    expect(rate).toBeGreaterThan(0.008)
    expect(rate).toBeLessThan(0.012)
  })

  test.each([0.3, 0.1, 0.03, 0.005])('as often as asked for: %f', (errorRate) => {
    const rate = measured('user:0000000001', 20_000, errorRate)
    expect(rate).toBeGreaterThan(0.8 * errorRate)
    expect(rate).toBeLessThan(1.2 * errorRate)
  })
})

describe('sizes', () => {
  test('few keys get no filter, versions are no keys', () => {
    const series = keySeries['user:0000000001']!
    const [keys] = series.vectors(0, filterKeysMin)
    const builder = new KeyFilterBuilder(0.01)
    for (let i = 0; i < filterKeysMin - 1; i++) {
      builder.add([vectorOf(series.schema.columns[0]!, [series.at(i), series.at(i), series.at(i)])], 3)
    }
    expect(builder.finish()).toBeUndefined()
    const enough = new KeyFilterBuilder(0.01)
    enough.add([keys!], filterKeysMin)
    expect(new KeyFilter('f', enough.finish()!).keys).toBe(filterKeysMin)
  })

  test('the largest filter is as good as it can be', () => {
    for (const [keys, rate] of [
      [1e8, 1e-9],
      [1e9, 0.01],
      [2 ** 32 - 1, 0.5],
    ] as const) {
      const { bits, hashes: count } = filterSize(keys, rate)
      expect(bits).toBeLessThanOrEqual(filterBitsMax)
      expect(bits).toBeGreaterThan(filterBitsMax - 10)
      expect(count).toBe(Math.ceil((bits / keys) * Math.LN2))
    }
    expect(filterSize(64, 1 - 1e-9).bits).toBe(1)
    for (let keys = 1; keys < 1e6; keys = Math.ceil(1.3 * keys)) {
      expect(filterSize(keys, Number.MIN_VALUE).hashes).toBeLessThanOrEqual(filterHashesMax)
    }
    const filter = filterOf(keySeries['user:0000000001']!, 100, Number.MIN_VALUE)
    expect(filter.has(hashAt(keySeries['user:0000000001']!, 99))).toBe(true)
  })

  test('an error rate that is no probability is a bug of the caller', () => {
    for (const rate of [0, 1, -1, 2, Number.NaN])
      expect(() => new KeyFilterBuilder(rate)).toThrow('probability')
  })
})

describe('bodies that are no filter', () => {
  const codeOf = (body: Uint8Array) => {
    try {
      new KeyFilter('sst/1/filter.bloom', body)
    } catch (error) {
      if (isMarquetryError(error) && error.file === 'sst/1/filter.bloom') return error.code
      throw error
    }
    return undefined
  }

  test('are refused', () => {
    expect(codeOf(bodyOf(80, 7, new Uint8Array(10)))).toBeUndefined()
    expect(codeOf(bodyOf(73, 7, new Uint8Array(10)))).toBeUndefined()
    expect(codeOf(bodyOf(80, 7, new Uint8Array(10), filterVersion + 1))).toBe('MARQUETRY_UNSUPPORTED_FORMAT')
    const damaged = [
      new Uint8Array(0),
      bodyOf(80, 7, new Uint8Array(10)).subarray(0, filterHeaderBytes - 1),
      bodyOf(80, 7, new Uint8Array(9)),
      bodyOf(80, 7, new Uint8Array(11)),
      bodyOf(80, 0, new Uint8Array(10)),
      bodyOf(40, 41, new Uint8Array(5)),
      bodyOf(800, filterHashesMax + 1, new Uint8Array(100)),
      bodyOf(0, 0, new Uint8Array(0)),
      bodyOf(0, 1, new Uint8Array(0)),
    ]
    for (const body of damaged) expect(codeOf(body)).toBe('MARQUETRY_CORRUPTION')
  })
})
