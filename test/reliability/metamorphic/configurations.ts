// The configurations that one history is played under: whatever they are, no answer may depend on them.

import { type CompactionOptions, memtableKinds, type OpenOptions } from 'marquetry'
import { strategies } from '../../compaction/script.js'
import type { Random } from '../../history/random.js'

export interface Configuration {
  readonly name: string
  readonly options: OpenOptions
  readonly compaction: CompactionOptions
  /** Whether it lives on the real disk; in memory everything runs on one thread. */
  readonly onDisk: boolean
}

/** As many as this of each run: every choice below is met several times, in ever new company. */
export const configurationsMin = 40

type Choices = { readonly [option: string]: readonly unknown[] }

/** `undefined` stands for the default. */
const choices = {
  memtable: memtableKinds,
  strategy: Object.keys(strategies),
  wal: ['sync', 'batch', 'async'],
  workers: [0, 2],
  onDisk: [true, false],
  // A memtable of one row is rotated after every row; few of these, since each row is then a file.
  memtableRows: [30, 120, undefined, 60, 30, 120, undefined, 60, 200, 1],
  flushWorkers: [1, 2],
  // Those that the Parquet reader of `play` knows.
  compression: ['uncompressed', 'snappy'],
  pageBytes: [1024, undefined],
  rowGroupRows: [20, 130, undefined],
  sparseIndexInterval: [1, 7, undefined],
  cacheBytes: [0, 20_000, undefined],
  // Off, as it comes, and one that says yes to everything.
  filter: [false, undefined, { errorRate: 0.999_999 }],
} as const satisfies Choices

/** Configurations in which every choice has its share. */
export function drawConfigurations(random: Random, count: number): readonly Configuration[] {
  const drawn = Object.entries(choices).map(([option, values]) => {
    const shares = Array.from({ length: count }, (_, i) => values[i % values.length])
    return [option, random.shuffled(shares)] as const
  })
  return Array.from({ length: count }, (_, i) => {
    const { strategy, onDisk, workers, ...options } = Object.fromEntries(drawn.map(([option, shares]) => [option, shares[i]])) as Record<string, unknown> & { strategy: string; onDisk: boolean; workers: number } // biome-ignore format: a cast
    const isOnDisk = onDisk || workers > 0
    return {
      name: `${JSON.stringify({ strategy, onDisk: isOnDisk, workers, ...options })}`,
      options: { ...options, workers },
      compaction: strategies[strategy]!,
      onDisk: isOnDisk,
    }
  })
}
