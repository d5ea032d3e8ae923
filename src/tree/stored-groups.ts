// The rows of one SSTable for an export that would rather have whole row groups as their bytes are than as columns.

import type { Batch, Projection } from '../format/batch.js'
import type { KeyRange } from '../format/key-codec.js'
import type { Schema } from '../format/schema.js'
import type { BatchSource } from '../format/source.js'
import { readAsync } from '../fs/reading.js'
import type { BulkReader, StoredPages } from '../sstable/bulk-reader.js'
import { storedType } from '../sstable/stored-columns.js'
import { engineVersion } from '../util/engine-version.js'

/** Which row groups are wanted as they are. */
export interface StoredWish {
  /** Parquet's number of the compression. */
  readonly codec: number
  readonly rowsMin: number
  readonly rowsMax: number
}

/** A row group as it lies in its file. Its columns are empty: who has asked for such batches copies their pages. */
export interface StoredBatch extends Batch {
  readonly stored: StoredPages
}

export function isStored(batch: Batch): batch is StoredBatch {
  return 'stored' in batch
}

/** Whether files store the columns of a projection as an export has them, and one behind the other. */
export function isStoredAlike(schema: Schema, project: Projection): boolean {
  return project.every((index, i) => {
    const { type } = schema.columns[index]!
    return index === project[0]! + i && storedType(type) === type
  })
}

/** A table's part in a scan, every row of which counts. */
export interface StoredPart {
  readonly bulk: BulkReader
  readonly range: KeyRange
  /** The first row at or above a key. */
  readonly seek: (key: Uint8Array) => Promise<number>
  /** As `isStoredAlike` wants it. */
  readonly project: Projection
  readonly wish: StoredWish
  /** The rows as columns: what is read if no row group is as wanted. */
  readonly otherwise: () => BatchSource
}

/** Rows `from` to `to`, of one row group. */
interface Stretch {
  readonly from: number
  readonly to: number
  /** Number of the row group, if it is to be copied. */
  readonly group: number | undefined
}

/** Yields row groups that lie wholly in the range, and are as wanted, as they are; what is left of it as columns. */
export function storedGroups(part: StoredPart): BatchSource {
  const { bulk, project } = part
  let stretches: Stretch[] | undefined
  let other: BatchSource | undefined
  let isOver = false
  const read = async ({ from, to, group }: Stretch): Promise<Batch> => {
    if (group === undefined) {
      const batch = await readAsync(bulk.rows(from, to))
      return { ...batch, columns: project.map((column) => batch.columns[column]!) }
    }
    const stored = await readAsync(bulk.pages(group, project))
    const { rows } = stored
    const batch: StoredBatch = { rows, columns: [], seq: new Float64Array(0), deleted: undefined, stored }
    return batch
  }
  const next = async (): Promise<Batch | undefined> => {
    if (stretches === undefined && other === undefined) {
      const found = await stretchesOf(part)
      if (isOver) return undefined
      if (found.some(({ group }) => group !== undefined)) stretches = found
      else other = part.otherwise()
    }
    if (other !== undefined) return await other.next()
    const stretch = stretches?.shift()
    return stretch && (await read(stretch))
  }
  let pending: Promise<unknown> = Promise.resolve()
  return {
    next() {
      const batch = next()
      pending = batch.catch(() => {})
      return batch
    },
    close() {
      if (isOver) return
      isOver = true
      other?.close()
      pending.then(() => bulk.close()).catch(() => {}) // nothing was written
    },
  }
}

async function stretchesOf({ bulk, range, seek, wish }: StoredPart): Promise<Stretch[]> {
  if (bulk.meta.rows < wish.rowsMin) return []
  if (!(await readAsync(bulk.isWrittenAs(engineVersion, false, wish.codec)))) return []
  const { index } = await readAsync(bulk.open())
  const first = range.gte === undefined ? 0 : await seek(range.gte)
  const end = range.lt === undefined ? bulk.meta.rows : await seek(range.lt)
  const stretches: Stretch[] = []
  for (let group = 0; group < index.rowGroups; group++) {
    const [begins, ends] = [index.rowGroupFirstRow[group]!, index.rowGroupFirstRow[group + 1]!]
    const from = Math.max(first, begins)
    const to = Math.min(end, ends)
    if (from >= to) continue
    const rows = to - from
    const isWanted = rows === ends - begins && rows >= wish.rowsMin && rows <= wish.rowsMax
    stretches.push({ from, to, group: isWanted ? group : undefined })
  }
  return stretches
}
