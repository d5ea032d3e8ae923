// Rows as text, chunk by chunk: a table for people, JSON, NDJSON and CSV for programs.

import type { ColumnJson } from '../format/schema.js'
import { UsageError } from './usage-error.js'
import { jsonOf, textOf } from './value-text.js'

/** The forms there are. */
export const rowFormats = ['table', 'json', 'ndjson', 'csv'] as const
export type RowFormat = (typeof rowFormats)[number]

type Row = Readonly<Record<string, unknown>>

/** Writes rows of one set of columns. Each call returns the text that is now ready. */
export interface RowFormatter {
  rows(chunk: readonly Row[]): string
  /** What is left; to be called once, at the end. */
  end(): string
}

/** The form of this name. */
export function rowFormat(name: string): RowFormat {
  const found = rowFormats.find((format) => format === name)
  if (found !== undefined) return found
  throw new UsageError(`the forms of rows are ${rowFormats.join(', ')}; ${name} is none`)
}

export function rowFormatter(format: RowFormat, columns: readonly ColumnJson[]): RowFormatter {
  if (format === 'table') return tableFormatter(columns)
  if (format === 'csv') return csvFormatter(columns)
  return format === 'json' ? jsonFormatter(columns) : ndjsonFormatter(columns)
}

/** One row as a line of JSON, its columns in order. */
export function rowAsJson(columns: readonly ColumnJson[], row: Row): string {
  return `{${columns.map((column) => `${JSON.stringify(column.name)}:${jsonOf(column, row[column.name])}`).join(',')}}`
}

function ndjsonFormatter(columns: readonly ColumnJson[]): RowFormatter {
  return {
    rows: (chunk) => chunk.map((row) => `${rowAsJson(columns, row)}\n`).join(''),
    end: () => '',
  }
}

function jsonFormatter(columns: readonly ColumnJson[]): RowFormatter {
  let any = false
  return {
    rows(chunk) {
      const text = chunk.map((row) => rowAsJson(columns, row)).join(',\n')
      if (chunk.length === 0) return ''
      const before = any ? ',\n' : '[\n'
      any = true
      return before + text
    },
    end: () => (any ? '\n]\n' : '[]\n'),
  }
}

/** RFC 4180: null is an empty field, an empty text is two quotes. */
function csvFormatter(columns: readonly ColumnJson[]): RowFormatter {
  let header = `${columns.map(({ name }) => csvField(name)).join(',')}\r\n`
  const withHeader = (text: string) => {
    const all = header + text
    header = ''
    return all
  }
  return {
    rows: (chunk) =>
      withHeader(
        chunk
          .map(
            (row) =>
              `${columns.map((column) => (row[column.name] == null ? '' : csvField(textOf(column, row[column.name])))).join(',')}\r\n`,
          )
          .join(''),
      ),
    end: () => withHeader(''),
  }
}

function csvField(text: string): string {
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Rows whose widths decide the columns' widths; later ones may stick out. */
const measuredRows = 1_000
const cellCharactersMax = 60

function tableFormatter(columns: readonly ColumnJson[]): RowFormatter {
  let waiting: string[][] = []
  let widths: readonly number[] | undefined
  const line = (cells: readonly string[]) => tableLine(columns, widths ?? [], cells)
  const begin = (): string => {
    const names = columns.map(({ name }) => printable(name))
    widths = names.map((name, i) =>
      waiting.reduce((width, cells) => Math.max(width, widthOf(cells[i] ?? '')), widthOf(name)),
    )
    const rule = widths.map((width) => '─'.repeat(width)).join('  ')
    const text = `${line(names)}${rule}\n${waiting.map(line).join('')}`
    waiting = []
    return text
  }
  return {
    rows(chunk) {
      const cells = chunk.map((row) => columns.map((column) => cellOf(column, row[column.name])))
      if (widths !== undefined) return cells.map(line).join('')
      waiting.push(...cells)
      return waiting.length < measuredRows ? '' : begin()
    },
    end: () => (widths === undefined ? begin() : ''),
  }
}

const rightAligned = /^(u?int(8|16|32|64)|float(32|64)|decimal128)$/

function tableLine(
  columns: readonly ColumnJson[],
  widths: readonly number[],
  cells: readonly string[],
): string {
  const padded = cells.map((cell, i) => {
    const space = ' '.repeat(Math.max(0, (widths[i] ?? 0) - widthOf(cell)))
    return rightAligned.test(columns[i]?.kind ?? '') ? space + cell : cell + space
  })
  return `${padded.join('  ').trimEnd()}\n`
}

const widthOf = (text: string): number => (/^[ -~]*$/.test(text) ? text.length : [...text].length)

function cellOf(column: ColumnJson, value: unknown): string {
  if (value === null || value === undefined) return 'null'
  const text = printable(
    value instanceof Uint8Array
      ? `x'${Buffer.from(value.subarray(0, cellCharactersMax)).toString('hex')}'`
      : textOf(column, value),
  )
  return text.length <= cellCharactersMax ? text : `${[...text].slice(0, cellCharactersMax - 1).join('')}…`
}

/** Data must not steer the terminal: control characters are shown as what they are. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (control) => {
    if (control === '\n') return '\\n'
    return control === '\t' ? '\\t' : `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** One row for people: a line per column. */
export function rowAsLines(columns: readonly ColumnJson[], row: Row): string {
  const width = Math.max(...columns.map(({ name }) => widthOf(printable(name))))
  return columns
    .map((column) => {
      const name = printable(column.name)
      return `${name}${' '.repeat(width - widthOf(name))}  ${cellOf(column, row[column.name])}\n`
    })
    .join('')
}
