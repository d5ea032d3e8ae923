import { describe, expect, test } from 'vitest'
import { readSync } from '#src/fs/reading.js'
import { BulkReader } from '#src/sstable/bulk-reader.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { contentOf } from '../scan/support.js'
import { testSeed } from '../test-seed.js'
import { all, schema, shapes, slice, write } from './written.js'

describe('bulk reader', () => {
  test.each(Object.entries(shapes))(
    '%s: row groups and pieces of them are what was written',
    async (name, shape) => {
      const random = seededRandom(testSeed)
      const { fs, meta, batch } = await write(shape, random)
      const reader = new BulkReader(fs, 'table', meta, schema)
      const { index } = readSync(reader.open())
      for (let group = 0; group < index.rowGroups; group++) {
        const first = index.rowGroupFirstRow[group]!
        const end = index.rowGroupFirstRow[group + 1]!
        const from = first + Math.floor(random() * (end - first))
        const to = from + 1 + Math.floor(random() * (end - from))
        for (const [a, b] of [
          [first, end],
          [from, to],
        ] as const) {
          const expected = contentOf(schema, all, slice(batch, a, b))
          expect(
            contentOf(schema, all, readSync(reader.rows(a, b))),
            `${name}, seed ${testSeed}, rows ${a} to ${b}`,
          ).toEqual(expected)
        }
      }
      reader.close()
    },
  )
})
