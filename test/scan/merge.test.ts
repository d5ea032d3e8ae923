import { expect, test } from 'vitest'
import type { Batch } from '#src/format/batch.js'
import { bytesVector, fixedVector } from '#src/format/vector.js'
import { mergeSources } from '#src/scan/merge.js'
import {
  contentOf, contentOfVersions, cut, drain, drainSync, keyOf, ListSource, property, type Random, randomWorld,
  sortVersions, type Version, type World,
} from './support.js' // biome-ignore format: a list

function oneVersionPerKey(random: Random, { schema, row }: World, most: number, seq: number): Version[] {
  const byKey = new Map<string, Version>()
  for (let i = random.below(most); i > 0; i--) {
    const version = { row: row(random), seq: seq + random.below(10), deleted: random.chance(0.15) }
    byKey.set(keyOf(schema, version.row).join(), version)
  }
  return [...byKey.values()]
}

function merged(world: World, inputs: readonly Version[][], reverse: boolean): Version[] {
  const byKey = new Map<string, Version>()
  for (const input of inputs) {
    for (const version of input) {
      const key = keyOf(world.schema, version.row).join()
      if (!byKey.has(key)) byKey.set(key, version)
    }
  }
  return sortVersions(world.schema, [...byKey.values()], reverse)
}

for (const [what, sources, most, cases] of [
  ['one to five sources', [1, 2, 3, 4, 5], 200, 200],
  ['a hundred sources', [100], 12, 15],
  ['no sources', [0], 1, 1],
] as const) {
  property(`${what}: sorted, the newest source winning, however batches are cut`, cases, async (random) => {
    const world = randomWorld(random)
    const { schema, all } = world
    const reverse = random.chance(0.5)
    const count = random.pick(sources)
    const inputs = Array.from({ length: count }, (_, i) =>
      oneVersionPerKey(random, world, most, 10 * (count - i)),
    )
    const late = random.pick([0, 0, 0.3, 1])
    const list = inputs.map((versions) => {
      const batches = cut(
        random,
        schema,
        all,
        sortVersions(schema, versions, reverse),
        random.pick([1, 5, 100]),
      )
      return new ListSource(batches, () => random.chance(late))
    })
    const rows = random.pick([undefined, 1, 2, 10])
    const merge = mergeSources(list, schema.key, reverse, rows)
    const result = late === 0 ? drainSync(merge) : await drain(merge)
    expect(result.flatMap((batch) => contentOf(schema, all, batch))).toEqual(
      contentOfVersions(schema, all, merged(world, inputs, reverse)),
    )
    merge.close()
    expect(list.every(({ closed }) => closed > 0)).toBe(true)
  })
}

function numbers(values: readonly number[], seq = 0): Batch {
  return {
    rows: values.length,
    columns: [fixedVector('int32', Int32Array.from(values))],
    seq: new Float64Array(values.length).fill(seq),
    deleted: undefined,
  }
}

const range = (from: number, to: number, step = 1) =>
  Array.from({ length: Math.ceil((to - from) / step) }, (_, i) => from + i * step)

test('batches are near the asked size when sources interleave, and views when they do not', () => {
  const evens = numbers(range(0, 20_000, 2))
  const odds = numbers(range(1, 20_000, 2))
  const sizes = drainSync(mergeSources([new ListSource([evens]), new ListSource([odds])], [0], false)).map(
    ({ rows }) => rows,
  )
  expect(sizes).toEqual([4096, 4096, 4096, 4096, 3616])
  const low = numbers(range(0, 5_000))
  const high = numbers(range(5_000, 10_000))
  const [first, second] = drainSync(mergeSources([new ListSource([high]), new ListSource([low])], [0], false))
  expect(first).toBe(low)
  expect(second).toBe(high)
})

test('a source that fails is asked again, and nothing is lost', async () => {
  let failures = 2
  const bad = new ListSource([numbers([1, 3]), numbers([5])])
  const failing = {
    next() {
      if (bad.asked === 1 && failures-- > 0) {
        if (failures === 1) throw new Error('first')
        return Promise.reject(new Error('second'))
      }
      return bad.next()
    },
    close: () => bad.close(),
  }
  const good = new ListSource([numbers([2, 4, 6])], () => true)
  const merge = mergeSources([failing, good], [0], false)
  await expect((async () => merge.next())()).rejects.toThrow('first')
  await expect((async () => merge.next())()).rejects.toThrow('second')
  const result = await drain(merge)
  expect(result.flatMap(({ columns }) => [...(columns[0]!.values as Int32Array)])).toEqual([1, 2, 3, 4, 5, 6])
})

test('a synchronous failure beside a late answer rejects, and leaves no promise without a listener', async () => {
  const late = new ListSource([numbers([1])], () => true)
  const lateFailure = {
    next: () => new Promise<never>((_, reject) => setImmediate(reject, new Error('late'))),
    close() {},
  }
  const failure = { next: () => { throw new Error('at once') }, close() {} } // biome-ignore format: short
  const merge = mergeSources([late, lateFailure, failure], [0], false)
  await expect(merge.next()).rejects.toThrow('at once')
  await new Promise(setImmediate) // by now the late failure has come
})

test('closing while a source is late ends the merge', async () => {
  const late = new ListSource([numbers([1])], () => true)
  const merge = mergeSources([late, new ListSource([numbers([2])])], [0], false)
  const pending = merge.next()
  merge.close()
  expect(await pending).toBeUndefined()
  expect(await merge.next()).toBeUndefined()
})

test('large values keep merged batches small', () => {
  const rowBytes = 3 << 20
  const heavy = (keys: readonly number[]): Batch => ({
    ...numbers(keys),
    columns: [
      fixedVector('int32', Int32Array.from(keys)),
      bytesVector(
        new Uint8Array(rowBytes * keys.length).fill(keys[0]!),
        Int32Array.from([0, ...keys], (_, i) => i * rowBytes),
      ),
    ],
  })
  const batches = drainSync(
    mergeSources(
      [new ListSource([heavy(range(0, 20, 2))]), new ListSource([heavy(range(1, 20, 2))])],
      [0],
      false,
    ),
  )
  expect(batches.flatMap(({ columns }) => [...(columns[0]!.values as Int32Array)])).toEqual(range(0, 20))
  for (const { columns } of batches) expect(columns[1]!.values.length).toBeLessThanOrEqual(32 << 20)
})
