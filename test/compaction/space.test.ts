// Space comes back by itself: after ten rounds over the same keys the files hold at most half as much again as one clean
// copy. `npm run bench -- space` measures it at size.

import { type CompactionOptions, open, t } from 'marquetry'
import { expect, test } from 'vitest'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { Random } from '../history/random.js'
import { testSeed } from '../test-seed.js'

const rows = 20_000
const rounds = 10

const strategies: readonly CompactionOptions[] = [
  { strategy: 'leveled' },
  { strategy: 'size-tiered' },
  { strategy: 'unified', scaling: 'T4' },
  { strategy: 'unified', scaling: 'L10' },
]

/** Large enough, and alike enough over the rounds, for `_seq` and keys to be a small part of a row, as elsewhere. */
const noteOf = (key: number, random: Random) =>
  `note of ${((key * 2_654_435_761) >>> 0).toString(16)}${(((key + 1) * 2_246_822_519) >>> 0).toString(16)} ${random.below(1e6)}`

test.each(strategies)('ten rounds over the same keys, $strategy $scaling', async (compaction) => {
  const random = new Random(testSeed)
  const db = await open('db', {
    fileSystem: new MemoryFileSystem(),
    wal: 'async',
    memtable: 'sorted',
    memtableRows: 6000,
    compaction: { ...compaction, targetFileBytes: 65_536, flushBytes: 65_536 },
  })
  const table = await db.table('t', {
    columns: { key: t.int32(), value: t.int32(), note: t.utf8() },
    key: ['key'],
  })
  const keys = Array.from({ length: rows }, (_, key) => key)
  for (let round = 0; round < rounds; round++) {
    const order = random.shuffled(keys)
    for (let at = 0; at < rows; at += 1000) {
      const batch = order.slice(at, at + 1000)
      const rowOf = (key: number) => ({ key, value: random.below(2 ** 31), note: noteOf(key, random) })
      await table.batch(batch.map((key) => ({ type: 'put', row: rowOf(key) })))
    }
  }
  await table.flush()
  await table.compactionIdle()
  const idle = table.stats().sstableBytes
  expect(await table.scan().count()).toBe(rows)
  await table.compact()
  const clean = table.stats().sstableBytes
  await db.close()
  console.log(
    `${compaction.strategy} ${compaction.scaling ?? ''}: ${(idle / clean).toFixed(2)} × (seed ${testSeed})`,
  )
  expect(idle / clean).toBeLessThanOrEqual(1.5)
})
