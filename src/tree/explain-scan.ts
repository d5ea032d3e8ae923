// Says how a scan is read without reading its rows: walks the same plan as the scan does, section by section.

import type { Projection } from '../format/batch.js'
import type { KeyRange } from '../format/key-codec.js'
import { type Reading, readAsync } from '../fs/reading.js'
import {
  type RowGroupExplanation,
  ScanExplanation,
  type ScanReadings,
  type SectionExplanation,
  type SkippedTable,
  type TableExplanation,
} from '../scan/explanation.js'
import type { PartPlan } from '../scan/section-plan.js'
import type { SSTableReader } from '../sstable/reader.js'
import { takeTurn, turnIsDue } from '../util/turn.js'
import type { LsmTree } from './lsm-tree.js'
import type { SuperVersion } from './super-version.js'
import { rowsOf } from './table-source.js'
import { columnsOf, type PlannedSection, planScan, type ScanRequest, type ScanTally } from './tree-scan.js'

/**
 * How the scan would be read now, or as of `seq`. `analyze`: runs it too and counts what that reads. `check` may throw to end it,
 * before and between files and batches.
 */
export async function explainScan(
  tree: LsmTree,
  request: ScanRequest,
  seq: number | undefined,
  analyze: boolean,
  check: () => void,
): Promise<ScanExplanation> {
  check()
  const view = tree.pin(seq)
  const asOf = seq ?? view.seq
  try {
    const sections: SectionExplanation[] = []
    for (const planned of planScan(view, asOf, request)) {
      sections.push(await explainSection(tree, planned, request, check))
    }
    return new ScanExplanation({
      table: tree.name,
      columns: request.project.map((column) => tree.schema.columns[column]!.name),
      reverse: request.reverse,
      limit: request.limit,
      seq: asOf,
      skipped: skippedTables(view, asOf, sections),
      sections,
      bytes: sum(
        sections.flatMap(({ sources }) =>
          sources.map((source) => (source.kind === 'table' ? source.bytes : 0)),
        ),
      ),
      readings: analyze ? await run(tree, request, seq, check) : undefined,
    })
  } finally {
    view.release()
  }
}

function skippedTables(
  view: SuperVersion,
  seq: number,
  sections: readonly SectionExplanation[],
): SkippedTable[] {
  const read = new Set(
    sections.flatMap(({ sources }) => sources.map((source) => (source.kind === 'table' ? source.number : 0))),
  )
  const tables = view.version.runs.flatMap((run) => run.tables).filter(({ number }) => !read.has(number))
  return tables.map(({ number, minSeq }) => ({ number, by: minSeq > seq ? 'snapshot' : 'key range' }))
}

async function explainSection(
  tree: LsmTree,
  { section, plan }: PlannedSection,
  request: ScanRequest,
  check: () => void,
): Promise<SectionExplanation> {
  const sources: SectionExplanation['sources'][number][] = []
  for (const [i, part] of section.parts.entries()) {
    if (part.kind === 'memtable') {
      sources.push({ kind: 'memtable', entries: part.memtable.entries })
      continue
    }
    check()
    if (turnIsDue()) await takeTurn()
    const columns = columnsOf(tree.schema, plan, request)
    const reading = explainTable(tree.readers.of(part.table), request, section.range, plan.parts[i]!, columns)
    sources.push(await tree.readers.track(readAsync(reading)))
  }
  const { gte, lt } = section.range
  return { gte, lt, mode: plan.mode, sources }
}

function* explainTable(
  reader: SSTableReader,
  { predicate }: ScanRequest,
  range: KeyRange,
  { prunable, needs }: PartPlan,
  columns: Projection,
): Reading<TableExplanation> {
  const { number, rows, keys, tombstones } = reader.meta
  const span = yield* rowsOf(reader, range)
  const firstRows = yield* reader.rowGroupFirstRow()
  const judged = [...new Set([...columns, ...(predicate?.columns ?? [])])]
  const rowGroups: RowGroupExplanation[] = []
  for (let rowGroup = 0; rowGroup + 1 < firstRows.length; rowGroup++) {
    const [first, end] = [firstRows[rowGroup]!, firstRows[rowGroup + 1]!]
    const within = { from: Math.max(first, span.from), to: Math.min(end, span.to) }
    let kept = within.from < within.to ? [within] : []
    let skippedBy: RowGroupExplanation['skippedBy'] =
      within.from === first && within.to === end ? undefined : 'key range'
    let needed: Projection = judged
    if (predicate !== undefined && prunable !== 'nothing' && kept.length > 0) {
      const depth = prunable === 'rows' ? 'pages' : 'row groups'
      const pruned = yield* reader.prune(predicate, rowGroup, within, depth)
      if (pruned.kept.length !== 1 || pruned.kept[0]!.to - pruned.kept[0]!.from < within.to - within.from) {
        skippedBy = pruned.by
      }
      kept = [...pruned.kept]
      if (pruned.outlook === 'all') needed = columns
    }
    const cost = yield* reader.cost(needed, rowGroup, kept, needs)
    const rowsKept = sum(kept.map(({ from, to }) => to - from))
    rowGroups.push({ rowGroup, rows: end - first, rowsKept, skippedBy, ...cost })
    if (turnIsDue()) yield { until: takeTurn() }
  }
  return {
    kind: 'table',
    number,
    rows,
    keys,
    tombstones,
    rowsInSection: span.to - span.from,
    ...(predicate === undefined
      ? { valueFilter: undefined, withheldBecause: undefined }
      : valueFilters[prunable]),
    rowGroups,
    bytes: sum(rowGroups.map(({ bytes }) => bytes)),
  }
}

const valueFilters = {
  nothing: { valueFilter: 'withheld', withheldBecause: 'an older source overlaps' },
  'row groups': { valueFilter: 'row groups only', withheldBecause: 'keys have several versions in this file' },
  rows: { valueFilter: 'rows and pages', withheldBecause: undefined },
} as const

/** Runs the scan and counts. */
async function run(
  tree: LsmTree,
  request: ScanRequest,
  seq: number | undefined,
  check: () => void,
): Promise<ScanReadings> {
  const tally: ScanTally = { bytes: 0, pagesRead: 0, pagesCached: 0, rowGroups: new Set() }
  const beganMs = performance.now()
  const source = tree.scan({ ...request, tally }, seq)
  let rows = 0
  let batches = 0
  try {
    for (let batch = await source.next(); batch !== undefined; batch = await source.next()) {
      rows += batch.rows
      batches++
      check()
      if (turnIsDue()) await takeTurn()
    }
  } finally {
    source.close()
  }
  const { bytes, pagesRead: pages, pagesCached: cacheHits, rowGroups } = tally
  return { bytes, pages, cacheHits, rowGroups: rowGroups.size, rows, batches, ms: performance.now() - beganMs }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
