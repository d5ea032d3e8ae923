import { expect, test } from 'vitest'
import { gather, SliceList, selectRows, sliceBatch } from '#src/scan/gather.js'
import { batchOf, contentOf, cut, property, randomWorld, type Version } from './support.js'

property('slices of many batches are gathered in order, whatever the layouts', 150, (random) => {
  const { schema, all, row } = randomWorld(random, 6)
  const versions = Array.from({ length: 1 + random.below(300) }, (_, i): Version => {
    return { row: row(random), seq: 2 ** 40 + i, deleted: random.chance(0.05) }
  })
  const batches = cut(random, schema, all, versions, random.pick([3, 40, 200]))
  const slices = new SliceList(1)
  for (const round of [1, 2]) {
    const expected: unknown[] = []
    const places = batches.map((batch) => slices.use(batch))
    for (let s = 0; s < 1 + random.below(60); s++) {
      const index = random.below(batches.length)
      const batch = batches[index]!
      const start = random.below(batch.rows)
      const count = 1 + random.below(batch.rows - start)
      slices.add(places[index]!, start, count)
      expected.push(...contentOf(schema, all, batch).slice(start, start + count))
    }
    const result = gather(slices)
    expect(result.rows, `round ${round}`).toBe(expected.length)
    expect(contentOf(schema, all, result)).toEqual(expected)
    slices.clear()
  }
})

property('a selection keeps the selected rows', 150, (random) => {
  const { schema, all, row } = randomWorld(random, 6)
  const versions = Array.from({ length: 1 + random.below(300) }, (_, i): Version => {
    return { row: row(random), seq: i, deleted: random.chance(0.1) }
  })
  const batch = batchOf(schema, all, versions)
  const share = random.pick([0, 0.02, 0.5, 0.97, 1])
  const selection = Uint32Array.from(versions.keys()).filter(() => random.chance(share))
  const content = contentOf(schema, all, batch)
  expect(contentOf(schema, all, selectRows(batch, selection))).toEqual(Array.from(selection, (i) => content[i]))
})

test('neighbouring slices join, and a lone slice is a view', () => {
  const values = Int32Array.from({ length: 10 }, (_, i) => i)
  const column = { layout: 'int32', length: 10, values, offsets: undefined, valid: undefined } as const
  const batch = { rows: 10, columns: [column], seq: new Float64Array(10), deleted: undefined }
  const slices = new SliceList()
  const place = slices.use(batch)
  slices.add(place, 2, 3)
  slices.add(place, 5, 1)
  expect(slices.length).toBe(1)
  const result = gather(slices)
  expect(result.columns[0]!.values).toEqual(Int32Array.of(2, 3, 4, 5))
  expect(result.columns[0]!.values.buffer).toBe(values.buffer)
  expect(sliceBatch(batch, 0, 10)).toBe(batch)
})
