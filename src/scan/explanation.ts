// What `explain` answers: how a scan is read, as plain data, and as text for people.

/** One row group of an SSTable. */
export interface RowGroupExplanation {
  readonly rowGroup: number
  /** Its rows, all versions counted, and those of them that will be read. */
  readonly rows: number
  readonly rowsKept: number
  /** What left out the others; undefined: all are kept. `statistics`: nothing in the row group, or in pages of it, can match. */
  readonly skippedBy: 'key range' | 'row group statistics' | 'page statistics' | undefined
  /** Data pages of the columns that are needed. */
  readonly pagesKept: number
  readonly pagesSkipped: number
  /** Bytes of the pages that are kept, as stored, dictionaries included: no more are read. */
  readonly bytes: number
}

/** An SSTable as a section reads it. */
export interface TableExplanation {
  readonly kind: 'table'
  /** Names the folder `sst/000009`. */
  readonly number: number
  readonly rows: number
  readonly keys: number
  readonly tombstones: number
  /** Its rows within the section, all versions counted. */
  readonly rowsInSection: number
  /** What values may leave out; undefined: the scan has no `where`. */
  readonly valueFilter: 'rows and pages' | 'row groups only' | 'withheld' | undefined
  /** Why it leaves out no more. */
  readonly withheldBecause: string | undefined
  readonly rowGroups: readonly RowGroupExplanation[]
  readonly bytes: number
}

/** A memtable as a section reads it. */
export interface MemtableExplanation {
  readonly kind: 'memtable'
  /** Versions in it, in and outside the section. */
  readonly entries: number
}

/** A stretch of keys in which the same sources overlap. */
export interface SectionExplanation {
  /** Encoded keys: from this one up to but not with that one; undefined: no bound. */
  readonly gte: Uint8Array | undefined
  readonly lt: Uint8Array | undefined
  /**
   * `stream`: one source, of which every row counts, read without keys. `resolve`: one source with older versions, newer ones than
   * the scan may see, or tombstones. `merge`: several sources.
   */
  readonly mode: 'stream' | 'resolve' | 'merge'
  /** Newest first. */
  readonly sources: readonly (MemtableExplanation | TableExplanation)[]
}

/** An SSTable that no section reads. */
export interface SkippedTable {
  readonly number: number
  /** `key range`: it has no key of the scan's; `snapshot`: all that it holds is newer than what the scan sees. */
  readonly by: 'key range' | 'snapshot'
}

/** What a scan has read. */
export interface ScanReadings {
  /** Bytes of all reads, checksum blocks, indexes and statistics included. */
  readonly bytes: number
  /** Data pages that were read and decoded, and those that were in the cache. */
  readonly pages: number
  readonly cacheHits: number
  /** Row groups of which something was read or found in the cache. */
  readonly rowGroups: number
  readonly rows: number
  readonly batches: number
  readonly ms: number
}

/** The facts of an explanation. */
export interface ScanFacts {
  readonly table: string
  readonly columns: readonly string[]
  readonly reverse: boolean
  readonly limit: number | undefined
  /** The sequence number as of which the scan reads. */
  readonly seq: number
  readonly skipped: readonly SkippedTable[]
  /** In scan order. */
  readonly sections: readonly SectionExplanation[]
  /** Bytes of the pages that will be read, at most: limits, caches and columns of rows that do not match save some. */
  readonly bytes: number
  /** With `analyze`: what was read. */
  readonly readings: ScanReadings | undefined
}

/** How a scan is read. Plain data; as a string, a report for people. */
export class ScanExplanation {
  declare readonly table: string
  declare readonly columns: readonly string[]
  declare readonly reverse: boolean
  declare readonly limit: number | undefined
  declare readonly seq: number
  declare readonly skipped: readonly SkippedTable[]
  declare readonly sections: readonly SectionExplanation[]
  declare readonly bytes: number
  declare readonly readings: ScanReadings | undefined

  /** @internal */
  constructor(facts: ScanFacts) {
    Object.assign(this, facts)
  }

  toString(): string {
    return describe(this).join('\n')
  }
}

function describe(facts: ScanFacts): string[] {
  const { table, columns, reverse, limit, seq, skipped, sections, bytes, readings } = facts
  const asked = columns.length === 0 ? 'no columns' : columns.join(', ')
  const lines = [
    `scan of ${table}: ${asked}${reverse ? ', in reverse' : ''}${limit === undefined ? '' : `, limit ${limit}`}, as of ${seq}`,
    `${counted(sections.length, 'section')}, at most ${counted(bytes, 'byte')} of pages`,
  ]
  for (const by of ['key range', 'snapshot'] as const) {
    const numbers = skipped.filter((table) => table.by === by).map(({ number }) => number)
    if (numbers.length > 0)
      lines.push(`skipped by ${by}: ${numbers.length > 1 ? 'tables' : 'table'} ${numbers.join(', ')}`)
  }
  for (const section of sections) lines.push(...describeSection(section))
  if (readings !== undefined) {
    const { bytes, pages, cacheHits, rowGroups, rows, batches, ms } = readings
    lines.push(
      `read: ${counted(rows, 'row')} in ${counted(batches, 'batch', 'batches')}, ${counted(bytes, 'byte')}, ` +
        `${counted(pages, 'page')} and ${cacheHits} from the cache, ${counted(rowGroups, 'row group')}, ${ms.toFixed(1)} ms`,
    )
  }
  return lines
}

function describeSection({ gte, lt, mode, sources }: SectionExplanation): string[] {
  const lines = [`${mode} ${keyText(gte, 'the first key')} to ${keyText(lt, 'the last')}`]
  for (const source of sources) {
    if (source.kind === 'memtable') lines.push(`  memtable of ${counted(source.entries, 'entry', 'entries')}`)
    else lines.push(...describeTable(source))
  }
  return lines
}

function describeTable(table: TableExplanation): string[] {
  const { number, rows, rowsInSection, valueFilter, withheldBecause, rowGroups, bytes } = table
  const lines = [`  table ${number}: ${rowsInSection} of ${counted(rows, 'row')}, ${counted(bytes, 'byte')}`]
  if (valueFilter !== undefined) {
    lines.push(`    value filter: ${valueFilter}${withheldBecause === undefined ? '' : `: ${withheldBecause}`}`)
  }
  for (const group of rowGroups) {
    const { rowGroup, rowsKept, skippedBy, pagesKept, pagesSkipped } = group
    const verdict = rowsKept === 0 ? 'skipped' : 'kept'
    const by = skippedBy === undefined ? '' : ` by ${skippedBy}`
    const pages = `${pagesKept} of ${counted(pagesKept + pagesSkipped, 'page')}, ${counted(group.bytes, 'byte')}`
    const part =
      rowsKept === 0
        ? by
        : `: ${rowsKept} of ${counted(group.rows, 'row')}${by && `, the others skipped${by}`}, ${pages}`
    lines.push(`    row group ${rowGroup} ${verdict}${part}`)
  }
  return lines
}

function counted(count: number, one: string, more = `${one}s`): string {
  return `${count} ${count === 1 ? one : more}`
}

/** An encoded key, printable bytes as they are. */
function keyText(key: Uint8Array | undefined, none: string): string {
  if (key === undefined) return none
  const shown = [...key.subarray(0, 40)].map((byte) =>
    byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`,
  )
  return `"${shown.join('')}${key.length > 40 ? '…' : ''}"`
}
