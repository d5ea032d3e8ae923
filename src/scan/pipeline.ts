// A scan as one source: limit(project(filter(live(merge(visible sources))))).

import type { Projection } from '../format/batch.js'
import type { Predicate } from '../format/predicate.js'
import type { BatchSource } from '../format/source.js'
import { batchRows, mergeSources } from './merge.js'
import { dropDeleted, filter, limit, project } from './stages.js'

export interface ScanParts {
  /** Newest first, each with at most one version per key: see `visibleVersions`. */
  readonly sources: readonly BatchSource[]
  /** The schema columns that the sources' batches hold: those of the key, of the predicate, and those asked for. */
  readonly projection: Projection
  /** Places of the key columns in `projection`, in key order. */
  readonly keyPositions: readonly number[]
  readonly reverse: boolean
  readonly predicate?: Predicate | undefined
  /** The schema columns to yield. */
  readonly project: Projection
  /** Rows to yield at most. */
  readonly limit?: number | undefined
}

/** Composes the stages of a scan in the only right order: a row is judged after older versions are out of sight. */
export function scanPipeline(parts: ScanParts): BatchSource {
  const { predicate } = parts
  // Without a predicate nearly every merged row is yielded, so a short scan need not merge a whole batch.
  const enough = predicate === undefined ? (parts.limit ?? batchRows) : batchRows
  const rows = Math.max(1, Math.min(batchRows, enough))
  let source = dropDeleted(mergeSources(parts.sources, parts.keyPositions, parts.reverse, rows))
  if (predicate !== undefined) source = filter(source, predicate, parts.projection)
  source = project(source, parts.projection, parts.project)
  return parts.limit === undefined ? source : limit(source, parts.limit)
}
