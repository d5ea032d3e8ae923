// Keys, bounds and rows as a user writes them: words in the order of the columns, or JSON.

import type { ColumnJson, SchemaJson } from '../format/schema.js'
import { UsageError } from './usage-error.js'
import { numberText, textOf, valueFromText } from './value-text.js'

type Json = unknown

/** A word and whether it stood in quotes: quoted, it is never JSON and never null. */
export interface Word {
  readonly text: string
  readonly quoted: boolean
}

/** Words of a command line that the system's shell has split, quotes gone. */
export function plainWords(texts: readonly string[]): readonly Word[] {
  return texts.map((text) => ({ text, quoted: false }))
}

/** The key columns of a table, in key order. */
export function keyColumns(schema: SchemaJson): readonly ColumnJson[] {
  return schema.key.map((name) => columnOf(schema, name))
}

function columnOf(schema: SchemaJson, name: string): ColumnJson {
  const column = schema.columns.find((candidate) => candidate.name === name)
  if (column !== undefined) return column
  throw new UsageError(
    `there is no column ${name}, but ${schema.columns.map((candidate) => candidate.name).join(', ')}`,
  )
}

/** A whole key: one word per key column, or one JSON array. */
export function keyFromWords(schema: SchemaJson, words: readonly Word[]): unknown {
  const columns = keyColumns(schema)
  const values = valuesFromWords(columns, words)
  if (values.length !== columns.length) {
    const names = columns.map(({ name }) => name).join(' ')
    throw new UsageError(`a key has ${count(columns.length, 'value')} (${names}); ${values.length} given`)
  }
  return columns.length === 1 ? values[0] : values
}

/** A bound: the whole key, or some of its leading columns. */
export function boundFromText(schema: SchemaJson, text: string): unknown {
  const columns = keyColumns(schema)
  const values = valuesFromWords(columns, wordsOf(columns, text))
  if (values.length === 0) throw new UsageError('a bound has at least one value')
  return columns.length === 1 ? values[0] : values
}

/**
 * What keys begin with. The key of one text column: its beginning. Otherwise leading columns, of which a text column, if
 * it is the last and ends in `*`, only has to begin so.
 */
export function prefixFromText(schema: SchemaJson, text: string): unknown {
  const columns = keyColumns(schema)
  if (columns.length === 1 && columns[0]?.kind === 'utf8') return { startsWith: text.replace(/\*$/, '') }
  const words = wordsOf(columns, text)
  const last = words.at(-1)
  const column = columns[words.length - 1]
  if (last === undefined || last.quoted || !last.text.endsWith('*') || column?.kind !== 'utf8')
    return valuesFromWords(columns, words)
  const open = { startsWith: last.text.slice(0, -1) }
  return [...valuesFromWords(columns, words.slice(0, -1)), open]
}

/** A key of one column is its text as it stands, spaces included. */
function wordsOf(columns: readonly ColumnJson[], text: string): readonly Word[] {
  return columns.length === 1 ? [{ text, quoted: false }] : splitWords(text)
}

function valuesFromWords(columns: readonly ColumnJson[], words: readonly Word[]): unknown[] {
  const [only] = words
  const list = words.length === 1 && only !== undefined && !only.quoted ? jsonArray(only.text) : undefined
  const given = list ?? words
  if (given.length > columns.length) {
    const names = columns.map(({ name }) => name).join(' ')
    throw new UsageError(
      `at most ${count(columns.length, 'value')} (${names}) can be given; these are ${given.length}`,
    )
  }
  if (list !== undefined) return list.map((value, i) => valueFromJson(columns[i]!, value))
  return words.map((word, i) => valueFromText(columns[i]!, word.text))
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}

function jsonArray(text: string): readonly Json[] | undefined {
  if (!text.startsWith('[')) return undefined
  const value = exactJson(text)
  return Array.isArray(value) ? value : undefined
}

/** JSON whose long integers stay what they are: as texts. Undefined: it is none. */
function exactJson(text: string): Json | undefined {
  const quoted = text.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g, (part) =>
    /^-?\d{16,}$/.test(part) ? `"${part}"` : part,
  )
  try {
    return JSON.parse(quoted)
  } catch {
    return undefined
  }
}

function valueFromJson(column: ColumnJson, value: Json): unknown {
  if (value === null) return null
  if (column.kind === 'json') return value
  const isText = typeof value === 'string'
  if (isText || typeof value === 'number' || typeof value === 'boolean') {
    // A number for a text column, or a text for a number, is a mistake that should be seen; long integers come as texts.
    const wantsText = /^(utf8|binary|date|timestamp)$/.test(column.kind)
    if (isText || !wantsText)
      return valueFromText(column, typeof value === 'number' ? numberText(value) : String(value))
  }
  throw new UsageError(`column ${column.name} (${column.kind}) cannot be ${JSON.stringify(value)}`)
}

/** A row: a JSON object, or one word per column in the order of the columns; `null` for null. */
export function rowFromWords(schema: SchemaJson, words: readonly Word[]): Readonly<Record<string, unknown>> {
  const [only] = words
  if (words.length === 1 && only !== undefined && !only.quoted && only.text.startsWith('{'))
    return rowFromJson(schema, only.text)
  if (words.length !== schema.columns.length) {
    const names = schema.columns.map(({ name }) => name).join(' ')
    throw new UsageError(
      `a row is a JSON object, or ${count(schema.columns.length, 'value')} (${names}); ${words.length} given`,
    )
  }
  return Object.fromEntries(
    schema.columns.map((column, i) => {
      const { text, quoted } = words[i]!
      const isNull = text === 'null' && !quoted && column.nullable === true
      return [column.name, isNull ? null : valueFromText(column, text)]
    }),
  )
}

function rowFromJson(schema: SchemaJson, text: string): Readonly<Record<string, unknown>> {
  const plain = plainObject(text)
  const exact = exactJson(text) as Readonly<Record<string, Json>>
  return Object.fromEntries(
    Object.keys(plain).map((name) => {
      const column = columnOf(schema, name)
      const value = column.kind === 'json' ? plain[name] : exact[name]
      return [name, valueFromJson(column, value)]
    }),
  )
}

function plainObject(text: string): Readonly<Record<string, Json>> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Readonly<Record<string, Json>>
  } catch (error) {
    throw new UsageError(`this is no JSON: ${(error as Error).message}`)
  }
  throw new UsageError('a row is a JSON object')
}

/** A key as words, ready to be typed again. */
export function keyText(columns: readonly ColumnJson[], values: readonly unknown[]): string {
  return columns.map((column, i) => quoteWord(textOf(column, values[i]))).join(' ')
}

function quoteWord(text: string): string {
  return /^[^\s'"[{][^\s'"]*$/.test(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`
}

/**
 * Splits a line as a shell does: words end at spaces; 'single' and "double" quotes hold spaces, and within double quotes
 * \" is a quote and \\ a backslash; a word that begins with { or [ goes on to its closing bracket, and x'00ff' stays
 * as it is.
 */
export function splitWords(line: string): readonly Word[] {
  const words: Word[] = []
  let at = 0
  for (;;) {
    while (/\s/.test(line[at] ?? '')) at++
    if (at >= line.length) return words
    const { end, ...word } = /[{[]/.test(line[at]!) ? jsonWord(line, at) : quotedWord(line, at)
    words.push(word)
    at = end
  }
}

function jsonWord(line: string, from: number): Word & { readonly end: number } {
  const pattern = /"(?:[^"\\]|\\.)*"|[^"]/y
  pattern.lastIndex = from
  let depth = 0
  for (let part = pattern.exec(line); part !== null; part = pattern.exec(line)) {
    if (/^[{[]/.test(part[0])) depth++
    if (/^[}\]]/.test(part[0]) && --depth === 0) break
    if (pattern.lastIndex >= line.length) break
  }
  const end = depth === 0 ? pattern.lastIndex : line.length
  return { text: line.slice(from, end), quoted: false, end }
}

function quotedWord(line: string, from: number): Word & { readonly end: number } {
  const bytes = /[xX]'[0-9a-fA-F]*'(?=\s|$)/y
  bytes.lastIndex = from
  const literal = bytes.exec(line)?.[0]
  if (literal !== undefined) return { text: literal, quoted: false, end: bytes.lastIndex }
  const pattern = /'([^']*)'|"((?:[^"\\]|\\.)*)"|([^\s'"]+)/y
  pattern.lastIndex = from
  let [text, quoted, end] = ['', false, from]
  for (let part = pattern.exec(line); part !== null; part = pattern.exec(line)) {
    const [, single, double, bare] = part
    text += single ?? double?.replace(/\\(["\\])/g, '$1') ?? bare ?? ''
    quoted ||= bare === undefined
    end = pattern.lastIndex
  }
  if (/['"]/.test(line[end] ?? '')) throw new UsageError(`the quote ${line[end]} does not end`)
  return { text, quoted, end }
}
