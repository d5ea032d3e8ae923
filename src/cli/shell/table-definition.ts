// Schemas as words: `flights date:timestamp origin:utf8 delay:int32? key date origin`, for `.create` and `.schema`.

import { type Column, t } from '../../format/column.js'
import type { TableSchema } from '../../format/row-types.js'
import type { SchemaJson } from '../../format/schema.js'
import type { Word } from '../key-text.js'
import { UsageError } from '../usage-error.js'
import { typeText } from '../value-text.js'

/** A schema that is known only at run time. */
export type AnyTableSchema = TableSchema<readonly (readonly [string, Column])[], readonly [string, ...string[]]>

type Nullable = Column & { nullable?: () => Column }

const plainTypes: Readonly<Record<string, () => Column>> = {
  bool: t.bool,
  int8: t.int8,
  int16: t.int16,
  int32: t.int32,
  int64: t.int64,
  uint8: t.uint8,
  uint16: t.uint16,
  uint32: t.uint32,
  float32: t.float32,
  float64: t.float64,
  utf8: t.utf8,
  binary: t.binary,
  date: t.date,
  timestamp: () => t.timestamp(),
  'timestamp(ms)': () => t.timestamp('ms'),
  'timestamp(us)': () => t.timestamp('us'),
  json: t.json,
}

function typeFromText(text: string): Column {
  const decimal = /^decimal128\((\d+),(\d+)\)$/.exec(text)
  if (decimal !== null) return t.decimal128(Number(decimal[1]), Number(decimal[2]))
  const make = Object.hasOwn(plainTypes, text) ? plainTypes[text] : undefined
  if (make !== undefined) return make()
  throw new UsageError(
    `there is no type ${text}, but ${Object.keys(plainTypes).join(', ')}, decimal128(precision,scale)`,
  )
}

/** The schema in words such as `date:timestamp`, `delay:int32?`, then `key` and the names of the key columns. */
export function schemaFromWords(words: readonly Word[]): AnyTableSchema {
  const at = words.findIndex(({ text }) => text === 'key')
  const [first, ...others] = words.slice(at + 1).map(({ text }) => text)
  if (at < 1 || first === undefined)
    throw new UsageError('a table is made by: .create TABLE COLUMN:TYPE[?]… key COLUMN…')
  const columns = words.slice(0, at).map(({ text }): readonly [string, Column] => {
    const match = /^(.+):([^:?]+)(\?)?$/.exec(text)
    if (match === null) throw new UsageError(`a column is given as NAME:TYPE, or NAME:TYPE?; ${text} is not`)
    const [, name = '', type = '', mark] = match
    const column: Nullable = typeFromText(type)
    return [name, mark === undefined ? column : (column.nullable?.() ?? column)]
  })
  return { columns, key: [first, ...others] }
}

/** A table as the words that would make it. */
export function definitionOf(name: string, { columns, key }: SchemaJson): string {
  const words = columns.map((column) => `${column.name}:${typeText(column)}${column.nullable ? '?' : ''}`)
  return `.create ${[name, ...words, 'key', ...key].join(' ')}`
}
