// A range read of one tree: memtables and runs as sources, newest first, merged, judged, projected.

import type { Batch, Projection } from '../format/batch.js'
import { isEmptyRange, type KeyRange } from '../format/key-codec.js'
import type { Predicate } from '../format/predicate.js'
import type { Schema } from '../format/schema.js'
import type { BatchSource } from '../format/source.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import { memtableSource } from '../memtable/source.js'
import { scanPipeline } from '../scan/pipeline.js'
import type { SSTableReader } from '../sstable/reader.js'
import { overlapping } from '../version/version.js'
import { runSource } from './run-source.js'
import type { SuperVersion } from './super-version.js'

/** A checked scan. */
export interface ScanRequest {
  readonly range: KeyRange
  /** The schema columns to yield. */
  readonly project: Projection
  readonly predicate?: Predicate | undefined
  readonly limit?: number | undefined
  readonly reverse: boolean
  /** Numbers of tables to read around, as if they were not there. */
  readonly except?: ReadonlySet<number> | undefined
}

/**
 * The rows of a scan as of `seq`. Takes over `view` and releases it at the end, at `close`, or at an error.
 * Only keys prune here: they say nothing of a row's other versions that could be wrong.
 */
export function scanTree(
  schema: Schema,
  view: SuperVersion,
  seq: number,
  request: ScanRequest,
  readerOf: (table: SSTableMeta) => SSTableReader,
): BatchSource {
  const { range, reverse, predicate, limit, project, except } = request
  if (isEmptyRange(range)) return releasing(nothing, view)
  const wanted = new Set([...schema.key, ...(predicate?.columns ?? []), ...project])
  const projection = [...wanted].sort((a, b) => a - b)
  const keyPositions = schema.key.map((index) => projection.indexOf(index))
  const sources: BatchSource[] = view.memtables.map((memtable) =>
    memtableSource(memtable, schema, range, seq, projection, reverse),
  )
  for (const run of view.version.runs) {
    const readers = overlapping(run, range)
      .filter((table) => table.minSeq <= seq && !except?.has(table.number))
      .map(readerOf)
    if (readers.length > 0)
      sources.push(runSource(readers, { schema, range, projection, keyPositions, seq, reverse }))
  }
  if (sources.length === 0) return releasing(nothing, view)
  return releasing(
    scanPipeline({ sources, projection, keyPositions, reverse, predicate, project, limit }),
    view,
  )
}

const nothing: BatchSource = { next: () => undefined, close() {} }

function releasing(source: BatchSource, view: SuperVersion): BatchSource {
  const close = () => {
    source.close()
    view.release()
  }
  const check = (batch: Batch | undefined) => {
    if (batch === undefined) close()
    return batch
  }
  return {
    next() {
      try {
        const batch = source.next()
        if (!(batch instanceof Promise)) return check(batch)
        return batch.then(check, (error: unknown) => {
          close()
          throw error
        })
      } catch (error) {
        close()
        throw error
      }
    },
    close,
  }
}
