// Random options, many of them too small for any other use: so a few hundred rows meet every limit.

import { type MemtableKind, memtableKinds, type OpenOptions, type WalMode } from 'marquetry'
import type { Random } from './random.js'

export interface Cell {
  readonly memtable: MemtableKind
  readonly wal: WalMode
}

const walModes: readonly WalMode[] = ['sync', 'batch', 'async']

/** What histories are made for: every kind of memtable with every log mode. */
export const cells: readonly Cell[] = memtableKinds.flatMap((memtable) =>
  walModes.map((wal) => ({ memtable, wal })),
)

/** Worker threads need the built package. */
const fromSource = Boolean(process.env['MARQUETRY_SRC'])

/** Options of one session: mostly the cell's memtable and log, at times others. */
export function randomOptions(random: Random, cell: Cell): OpenOptions {
  const { memtable, wal } = random.chance(0.75)
    ? cell
    : { memtable: random.pick(memtableKinds), wal: random.pick(walModes) }
  return {
    memtable,
    wal,
    walBatchMs: random.pick([1, 3, 10]),
    memtableRows: random.weighted([[1, 30], [3, 150], [3, 600], [4, undefined]]), // biome-ignore format: a list
    memtableBytes: random.weighted([[1, 40_000], [4, undefined]]), // biome-ignore format: a list
    immutableMemtablesMax: random.pick([1, 4]),
    flushWorkers: random.pick([1, 2, 3]),
    compression: random.pick(['uncompressed', 'snappy', 'lz4_raw', 'zstd']),
    rowGroupRows: random.weighted([[1, 20], [3, 130], [3, undefined]]), // biome-ignore format: a list
    rowGroupBytes: random.weighted([[1, 8192], [4, undefined]]), // biome-ignore format: a list
    pageBytes: random.pick([1024, 1024, 2000, undefined]),
    sparseIndexInterval: random.pick([1, 2, 5, 16, 64, undefined]),
    filter: random.pick([undefined, { errorRate: 0.4 }, false]),
    cacheBytes: random.pick([0, 20_000, undefined, undefined]),
    flushOnClose: random.chance(0.5),
    workers: fromSource ? 0 : random.weighted([[1, 0], [2, 1], [5, 2]]), // biome-ignore format: a list
  }
}
