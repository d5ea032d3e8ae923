// A range read of one tree: its key range in sections, each streamed from one source or merged from several.
//
// A section is opened when the one before it is read to its end, so that limits and early exits touch no file behind.

import type { Projection } from '../format/batch.js'
import { isEmptyRange, type KeyRange } from '../format/key-codec.js'
import type { Predicate } from '../format/predicate.js'
import type { Schema } from '../format/schema.js'
import type { BatchSource } from '../format/source.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import { readAsync } from '../fs/reading.js'
import { memtableExtent } from '../memtable/extent.js'
import type { Memtable } from '../memtable/memtable.js'
import { memtableSource } from '../memtable/source.js'
import { sequential, whenOver } from '../scan/chained.js'
import { scanPipeline } from '../scan/pipeline.js'
import { planSection, type SectionPlan, type SourceFacts } from '../scan/section-plan.js'
import { type Extent, keyAfter, type Section, sections } from '../scan/sections.js'
import { limit } from '../scan/stages.js'
import type { BulkReader } from '../sstable/bulk-reader.js'
import type { SSTableReader } from '../sstable/reader.js'
import { overlapping } from '../version/version.js'
import type { ReadAhead } from './read-ahead.js'
import { type StoredWish, storedGroups } from './stored-groups.js'
import type { SuperVersion } from './super-version.js'
import { type ScanTally, tableSource } from './table-source.js'

export type { ScanTally } from './table-source.js'

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
  /** Where nothing else is asked, whole row groups may come as they lie in their files: batches that are `isStored`. */
  readonly stored?: StoredWish | undefined
  /** Counts what is read. */
  readonly tally?: ScanTally | undefined
}

/** What a section's parts are: a memtable, or an SSTable. */
export type ScanPart =
  | { readonly kind: 'memtable'; readonly memtable: Memtable }
  | { readonly kind: 'table'; readonly table: SSTableMeta }

/** A section of a scan and how it is read. */
export interface PlannedSection {
  readonly section: Section<ScanPart>
  readonly plan: SectionPlan
}

/** The sections of a scan as of `seq`, in scan order, each planned when it is asked for. */
export function* planScan(
  view: SuperVersion,
  seq: number,
  request: ScanRequest,
): Generator<PlannedSection, void, void> {
  const { range, reverse, except } = request
  if (isEmptyRange(range)) return
  const sources: Extent<ScanPart>[][] = []
  for (const memtable of view.memtables) {
    const extent = memtableExtent(memtable, range, seq)
    if (extent === undefined) continue
    const lt = keyAfter(extent.lastKey)
    sources.push([{ gte: extent.firstKey, lt, data: { kind: 'memtable', memtable } }])
  }
  for (const run of view.version.runs) {
    const tables = overlapping(run, range).filter((table) => table.minSeq <= seq && !except?.has(table.number))
    if (tables.length > 0) sources.push(tables.map(tableExtent))
  }
  for (const section of sections(sources, range, reverse)) {
    yield { section, plan: planSection(section.parts.map(factsOf), seq) }
  }
}

function tableExtent(table: SSTableMeta): Extent<ScanPart> {
  return { gte: table.minKey, lt: keyAfter(table.maxKey), data: { kind: 'table', table } }
}

function factsOf(part: ScanPart): SourceFacts {
  // A memtable's source has chosen versions itself, and says of tombstones what they are at no cost.
  if (part.kind === 'memtable') return { oneVersionPerKey: true, hasTombstones: true, maxSeq: 0 }
  const { rows, keys, tombstones, maxSeq } = part.table
  return { oneVersionPerKey: rows === keys, hasTombstones: tombstones > 0, maxSeq }
}

/** What a scan reads tables with. */
export interface ScanReaders {
  of(table: SSTableMeta): SSTableReader
  /** A reader by the row group, to be closed by who asks. */
  bulk?(table: SSTableMeta): BulkReader
  /** For one scan; without it, or if undefined, all is read on this thread. */
  readAhead?(): ReadAhead | undefined
}

/** The rows of a scan as of `seq`. Takes over `view` and releases it at the end, at `close`, or at an error. */
export function scanTree(
  schema: Schema,
  view: SuperVersion,
  seq: number,
  request: ScanRequest,
  readers: ScanReaders,
): BatchSource {
  const planned = planScan(view, seq, request)
  const bytes = columnBytes(schema, view, request)
  // Who wants only so many rows, or the last first, would have more read than it needs.
  const ahead = request.limit === undefined && !request.reverse ? readers.readAhead?.() : undefined
  const means = { readers, ahead, bytes }
  const next = () => {
    const { value } = planned.next()
    return value === undefined ? undefined : sectionSource(schema, value, seq, request, means)
  }
  const rows = sequential(next)
  const over = () => (ahead === undefined ? view.release() : ahead.whenIdle(() => view.release()))
  return whenOver(request.limit === undefined ? rows : limit(rows, request.limit), over)
}

/** How much larger columns are in memory than in a file, about. */
const decodedFactor = 4

/** What the columns of a scan would take in memory, all at once, about; a limit means that few are read. */
function columnBytes(schema: Schema, view: SuperVersion, request: ScanRequest): number {
  if (request.limit !== undefined && request.predicate === undefined) return 0
  const tables = view.version.runs.flatMap((run) => overlapping(run, request.range))
  const stored = tables.reduce((sum, { bytes }) => sum + bytes, 0)
  const columns = new Set([...request.project, ...(request.predicate?.columns ?? [])])
  return (stored * decodedFactor * columns.size) / schema.columns.length
}

/** Memory that the batches of a section's sources may take together, about. */
const batchBytesMax = 32 << 20

/** The schema columns that the parts of a section are asked for. */
export function columnsOf(
  schema: Schema,
  { mode }: SectionPlan,
  { predicate, project }: ScanRequest,
): Projection {
  if (mode === 'stream') return project
  const wanted = new Set([...schema.key, ...(predicate?.columns ?? []), ...project])
  return [...wanted].sort((a, b) => a - b)
}

/** What all sections of a scan share. */
interface ScanMeans {
  readonly readers: ScanReaders
  readonly ahead: ReadAhead | undefined
  /** What the columns of the scan would take in memory. */
  readonly bytes: number
}

function sectionSource(
  schema: Schema,
  { section, plan }: PlannedSection,
  seq: number,
  request: ScanRequest,
  { readers, ahead, bytes }: ScanMeans,
): BatchSource {
  const { predicate, project, reverse } = request
  const { range, parts } = section
  const projection = columnsOf(schema, plan, request)
  const keyPositions = schema.key.map((index) => projection.indexOf(index))
  const isExact = plan.mode === 'stream' && predicate === undefined
  const rowsWanted = isExact ? (request.limit ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY
  // Of a source that is read ahead, a piece is with the caller while the next ones are under way.
  const isAhead = ahead !== undefined && parts.length === 1
  const bytesMost = batchBytesMax / (isAhead ? 2 : parts.length)
  const shared = {
    schema,
    range,
    projection,
    keyPositions,
    seq,
    reverse,
    predicate,
    rowsWanted,
    bytesMost,
    tally: request.tally,
  }
  const sources = parts.map((part, i): BatchSource => {
    if (part.kind === 'memtable') return memtableSource(part.memtable, schema, range, seq, projection, reverse)
    const reader = readers.of(part.table)
    const pastCache = bytes > reader.cacheBytes / 2
    const rows = () =>
      tableSource(reader, { ...shared, plan: plan.parts[i]!, pastCache, ahead: isAhead ? ahead : undefined })
    const wish = isExact && request.limit === undefined && !reverse ? request.stored : undefined
    if (wish === undefined || readers.bulk === undefined) return rows()
    const seek = (key: Uint8Array) => readAsync(reader.seek(key))
    return storedGroups({ bulk: readers.bulk(part.table), range, seek, project, wish, otherwise: rows })
  })
  // In a stream every row counts, and the table's source has judged it already.
  if (plan.mode === 'stream') return sources[0]!
  return scanPipeline({ sources, projection, keyPositions, reverse, predicate, project, limit: request.limit })
}
