// The facts as text for a terminal.

import { printable } from '../format-rows.js'
import type { Paint } from '../io.js'
import { bytesText, countText, percentText, plural } from '../quantities.js'
import type { Facts, ParquetFacts, SSTableFacts, TableFacts } from './facts.js'

/** All that was found, a few lines per table, one per SSTable, and the columns of each table's largest file. */
export function factsText(facts: Facts, paint: Paint): string {
  if (facts.kind === 'file') return fileText(facts.file, paint)
  const sections = facts.tables.map((table) => tableText(table, paint))
  const title = `${paint.bold(facts.path)}  marquetry database, ${plural(facts.tables.length, 'table')}\n`
  return [title, ...sections].join('\n')
}

/** `min … max`, on one line. */
export function keyRangeText({ minKey, maxKey }: Pick<SSTableFacts, 'minKey' | 'maxKey'>): string {
  const [from, to] = [minKey, maxKey].map((key) => printable(key.join(' ')))
  return from === to ? `${from}` : `${from} … ${to}`
}

function tableText(table: TableFacts, paint: Paint): string {
  const { name, columns, key, logs, levels, sstables, depths } = table
  const types = columns.map((column) => `${column.name} ${column.type}${column.nullable ? '?' : ''}`).join(', ')
  const logBytes = logs.reduce((sum, { bytes }) => sum + bytes, 0)
  const lines = [
    `${paint.bold(name)}  ${printable(types)}; key ${printable(key.join(', '))}`,
    `  logs      ${logs.length} (${bytesText(logBytes)})`,
    ...levels.map(
      (level) =>
        `  level ${level.level}   ${plural(level.runs, 'run')}, ${plural(level.sstables, 'SSTable')}, ${plural(level.rows, 'row')}, ` +
        `${tombstonesText(level.tombstones, level.rows)}, ${bytesText(level.bytes)}`,
    ),
    ...(depths.length === 0
      ? []
      : [`  overlap   a lookup may ask ${plural(Math.max(...depths.map(({ runs }) => runs)), 'run')} at most`]),
    '',
    ...sstableLines(sstables, paint),
  ]
  const largest = [...sstables].sort((a, b) => b.file.bytes - a.file.bytes)[0]
  const columnsOf = largest === undefined ? '' : `\n${indent(fileText(largest.file, paint))}`
  return `${lines.join('\n')}\n${columnsOf}`
}

function tombstonesText(tombstones: number, rows: number): string {
  return tombstones === 0
    ? 'no tombstones'
    : `${plural(tombstones, 'tombstone')} (${percentText(tombstones / rows)})`
}

function sstableLines(sstables: readonly SSTableFacts[], paint: Paint): readonly string[] {
  if (sstables.length === 0) return ['  (no SSTables)']
  const cells = sstables.map((sstable) => [
    `L${sstable.level}`,
    String(sstable.run),
    String(sstable.number).padStart(6, '0'),
    countText(sstable.rows),
    countText(sstable.tombstones),
    bytesText(sstable.file.bytes),
    String(sstable.file.rowGroups.length),
    sstable.filter === undefined ? 'none' : bytesText(sstable.filter.bytes),
    keyRangeText(sstable),
  ])
  const header = ['level', 'run', 'SSTable', 'rows', 'tombstones', 'size', 'row groups', 'filter', 'keys']
  const [first = '', ...others] = columnLines([header, ...cells], new Set([1, 3, 4, 5, 6, 7]))
  return [paint.dim(`  ${first}`), ...others.map((line) => `  ${line}`)]
}

/** Cells in columns as wide as their widest, some of them to the right. */
function columnLines(rows: readonly (readonly string[])[], right: ReadonlySet<number>): readonly string[] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)))
  return rows.map((row) =>
    row
      .map((cell, i) => (right.has(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd(),
  )
}

const indent = (text: string): string => text.replace(/^(?=.)/gm, '  ')

function fileText(file: ParquetFacts, paint: Paint): string {
  const sorted = file.rowGroups[0]?.sortedBy ?? []
  const title =
    `${paint.bold(file.path)}\n${plural(file.rows, 'row')}, ${plural(file.rowGroups.length, 'row group')}, ` +
    `${bytesText(file.bytes)}${sorted.length === 0 ? '' : `, sorted by ${printable(sorted.join(', '))}`}` +
    `${file.createdBy === undefined ? '' : `, by ${printable(file.createdBy)}`}\n`
  const header = ['column', 'type', 'encodings', 'codec', 'pages', 'stored', 'raw', 'values']
  const rows = columnTotals(file).map((column) => [
    printable(column.name),
    column.type,
    column.encodings.join(' '),
    column.codecs.join(' '),
    column.pages === undefined ? '?' : countText(column.pages),
    bytesText(column.bytes),
    bytesText(column.rawBytes),
    printable(column.values),
  ])
  const [first = '', ...others] = columnLines([header, ...rows], new Set([4, 5, 6]))
  return `${title}${[paint.dim(first), ...others].join('\n')}\n`
}

/** A column over all row groups of a file. */
export interface ColumnTotals {
  readonly name: string
  readonly type: string
  readonly encodings: readonly string[]
  readonly codecs: readonly string[]
  readonly pages: number | undefined
  readonly bytes: number
  readonly rawBytes: number
  readonly bloomFilterBytes: number
  /** The first row group's bounds, where there is one row group. */
  readonly values: string
}

export function columnTotals(file: ParquetFacts): readonly ColumnTotals[] {
  return file.columns.map(({ type }, i) => {
    const chunks = file.rowGroups.flatMap(({ chunks }) => chunks[i] ?? [])
    const sum = (of: (chunk: (typeof chunks)[number]) => number) =>
      chunks.reduce((total, chunk) => total + of(chunk), 0)
    const [first] = chunks
    const isKnown = chunks.length === 1 && first?.min !== undefined && first.max !== undefined
    return {
      name: first?.column ?? file.columns[i]!.name,
      type,
      encodings: [...new Set(chunks.flatMap(({ encodings }) => encodings))],
      codecs: [...new Set(chunks.map(({ codec }) => codec))],
      pages: chunks.every(({ pages }) => pages !== undefined) ? sum(({ pages = 0 }) => pages) : undefined,
      bytes: sum(({ bytes }) => bytes),
      rawBytes: sum(({ rawBytes }) => rawBytes),
      bloomFilterBytes: sum(({ bloomFilterBytes }) => bloomFilterBytes),
      values: isKnown ? `${first.min} … ${first.max}` : '',
    }
  })
}
