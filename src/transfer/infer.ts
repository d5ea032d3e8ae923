// The schema of a new table from a file: of Parquet and Arrow from what they say of themselves, of text from its first rows.

import { invalidOption, MarquetryError, throwIfAborted } from '../errors.js'
import { type Column, type ColumnType, t } from '../format/column.js'
import { defineSchema } from '../format/schema.js'
import type { FileSystem } from '../fs/file-system.js'
import { ArrowStream } from './arrow-input.js'
import { type ByteStream, openByteStream } from './byte-stream.js'
import { readCsvHeader } from './csv-input.js'
import { CsvParser } from './csv-parser.js'
import { delimiterOf, formatOf } from './formats.js'
import { type FoundColumn, invalidInput } from './import-task.js'
import { columnTypeOf } from './infer-types.js'
import { LineSplitter, parseLine } from './ndjson-input.js'
import { inferParquet } from './parquet-input.js'
import { TextStream } from './text-stream.js'
import { kindOfText } from './text-values.js'
import {
  checkOptions,
  checkPath,
  type InferOptions,
  type InferredSchema,
  wholeNumber,
} from './transfer-options.js'
import { typeText } from './type-text.js'

const sampleRowsDefault = 10_000
const optionNames: ReadonlySet<string> = new Set([
  'format', 'key', 'rowNumber', 'sampleRows', 'delimiter', 'nullText', 'signal', 'fileSystem',
]) // biome-ignore format: a list

/**
 * What `db.table` takes to make a table for the file at `path`. Throws MARQUETRY_INVALID_INPUT, with the column, if
 * one has no type that a table's can have, MARQUETRY_INVALID_OPTION if the key is none.
 */
export async function inferFrom(fs: FileSystem, path: string, options: InferOptions): Promise<InferredSchema> {
  checkPath(path)
  checkOptions(options, optionNames, 'inference')
  throwIfAborted(options.signal)
  const { rowNumber } = options
  const format = formatOf(options.format, path)
  const found =
    format === 'parquet' ? await inferParquet(fs, path, options.signal) : await sample(fs, path, options)
  const key = keyOf(options)
  const columns = found.map(({ name, type, nullable, shown }): readonly [string, Column] => {
    if (type === undefined) throw invalidInput(path, `its type ${shown} can be no column's`, { column: name })
    const column = columnOf(type)
    return [name, nullable && !key.includes(name) ? column.nullable() : column]
  })
  if (rowNumber !== undefined) {
    if (columns.some(([name]) => name === rowNumber))
      throw invalidOption('rowNumber', `names ${JSON.stringify(rowNumber)}, which the file has`)
    columns.push([rowNumber, t.int64()])
  }
  for (const name of key) {
    const shown = `names ${JSON.stringify(name)}, which the file does not have`
    if (!columns.some(([column]) => column === name)) throw invalidOption('key', shown)
  }
  const schema = { columns, key }
  defineSchema(schema)
  return schema
}

function keyOf({ key, rowNumber }: InferOptions): InferredSchema['key'] {
  if (key !== undefined && (!Array.isArray(key) || key.some((name) => typeof name !== 'string')))
    throw invalidOption('key', 'must be an array of column names')
  if (rowNumber !== undefined && typeof rowNumber !== 'string')
    throw invalidOption('rowNumber', 'must be the name of a column to make')
  const made = rowNumber === undefined || key?.includes(rowNumber) ? [] : [rowNumber]
  const [first, ...rest] = [...(key ?? []), ...made]
  if (first === undefined) throw invalidOption('key', 'must name columns, or `rowNumber` one to make')
  return [first, ...rest]
}

/** The declared column of a type. */
function columnOf(type: ColumnType) {
  if (type.kind === 'decimal128') return t.decimal128(type.precision!, type.scale!)
  if (type.kind === 'timestamp') return type.unit === 'us' ? t.timestamp('us') : t.timestamp('ms')
  return t[type.kind]()
}

async function sample(fs: FileSystem, path: string, options: InferOptions): Promise<readonly FoundColumn[]> {
  const format = formatOf(options.format, path)
  const rows = wholeNumber('sampleRows', options.sampleRows, 1, 2 ** 31 - 1, sampleRowsDefault)
  const stream = await openByteStream(fs, path)
  try {
    if (format === 'arrow') return await inferArrow(stream)
    return format === 'csv' ? await sampleCsv(stream, options, rows) : await sampleNdjson(stream, rows)
  } finally {
    await stream.close()
  }
}

async function inferArrow(stream: ByteStream): Promise<readonly FoundColumn[]> {
  const { fields } = await new ArrowStream(stream).open()
  return fields.map(({ name, type, nullable }) => ({
    name,
    type: columnTypeOf(type),
    nullable,
    shown: typeText(type),
  }))
}

async function sampleCsv(
  stream: ByteStream,
  { delimiter, nullText = '' }: InferOptions,
  rows: number,
): Promise<readonly FoundColumn[]> {
  const text = new TextStream(stream)
  const parser = new CsvParser(delimiterOf(delimiter, stream.name), nullText)
  const { names } = await readCsvHeader(stream.name, text, parser)
  const kinds = names.map(() => new SampledKind())
  for (let seen = 0, isOver = false; seen < rows; ) {
    const record = parser.next(isOver)
    if (record !== undefined) {
      seen++
      if (record.wrong !== undefined || record.fields.length !== names.length) continue
      record.fields.forEach((field, index) => {
        if (field !== null) kinds[index]!.see(kindOfText(field))
      })
    } else {
      if (isOver) break
      const piece = await text.next(parser.line)
      if (piece === undefined) isOver = true
      else parser.push(piece)
    }
  }
  return names.map((name, index) => ({ name, type: kinds[index]!.type(), nullable: true, shown: 'text' }))
}

async function sampleNdjson(stream: ByteStream, rows: number): Promise<readonly FoundColumn[]> {
  const text = new TextStream(stream)
  const lines = new LineSplitter()
  const kinds = new Map<string, SampledKind>()
  for (let seen = 0, isOver = false; seen < rows; ) {
    const line = lines.next(isOver)
    if (line !== undefined) {
      seen++
      const row = parseLine(line.text)
      if (typeof row === 'string') continue
      for (const [name, value] of Object.entries(row)) {
        const kind = kinds.get(name) ?? new SampledKind()
        kinds.set(name, kind)
        if (value !== null) kind.see(kindOfJson(value))
      }
    } else {
      if (isOver) break
      const piece = await text.next(lines.line)
      if (piece === undefined) isOver = true
      else lines.push(piece)
    }
  }
  if (kinds.size === 0)
    throw new MarquetryError('MARQUETRY_INVALID_INPUT', `${stream.name}: no line has an object`, {
      file: stream.name,
    })
  return [...kinds].map(([name, kind]) => ({ name, type: kind.type(), nullable: true, shown: 'JSON' }))
}

type SampleKind = ReturnType<typeof kindOfText> | 'json'

function kindOfJson(value: unknown): SampleKind {
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64'
  if (typeof value === 'object') return 'json'
  const kind = kindOfText(value as string)
  return kind === 'date' || kind === 'ms' || kind === 'us' ? kind : 'utf8'
}

/** What a column's values have in common, as far as they were seen. */
class SampledKind {
  readonly #seen = new Set<SampleKind>()

  see(kind: SampleKind): void {
    this.#seen.add(kind)
  }

  /** The most special type that holds them all. */
  type(): ColumnType {
    const seen = this.#seen
    const only = (...kinds: readonly SampleKind[]) =>
      seen.size > 0 && [...seen].every((kind) => kinds.includes(kind))
    if (only('bool')) return { kind: 'bool' }
    if (only('int64')) return { kind: 'int64' }
    if (only('int64', 'float64')) return { kind: 'float64' }
    if (only('date')) return { kind: 'date' }
    if (only('date', 'ms')) return { kind: 'timestamp', unit: 'ms' }
    if (only('date', 'ms', 'us')) return { kind: 'timestamp', unit: 'us' }
    return seen.has('json') ? { kind: 'json' } : { kind: 'utf8' }
  }
}
