// The options of scans as words, for the commands that read a range of rows and for the shell.

import type { Command } from 'commander'
import type { Columns, ScanOptions } from '../format/row-types.js'
import type { ColumnJson, SchemaJson } from '../format/schema.js'
import { boundFromText, prefixFromText } from './key-text.js'
import { UsageError } from './usage-error.js'
import { whereFromText } from './where-binder.js'

/** What a user has given; nothing of it is checked. */
export interface ScanArguments {
  readonly gt?: string | undefined
  readonly gte?: string | undefined
  readonly lt?: string | undefined
  readonly lte?: string | undefined
  readonly prefix?: string | undefined
  readonly columns?: string | undefined
  readonly where?: string | undefined
  readonly limit?: string | undefined
  readonly reverse?: boolean | undefined
}

/** Options of a scan of a table that is known only at run time. */
export type AnyScanOptions = ScanOptions<Columns, readonly string[], string>

/** Each option's word for its value, and what it does. */
export const rangeOptions: readonly (readonly [flags: string, meaning: string])[] = [
  ['--gte <key>', 'first key, or its leading columns'],
  ['--gt <key>', 'after this key'],
  ['--lt <key>', 'before this key'],
  ['--lte <key>', 'last key'],
  ['--prefix <key>', 'what keys begin with: leading columns; a text ending in * need only begin so'],
]
const projectionOptions: readonly (readonly [flags: string, meaning: string])[] = [
  ['--columns <names>', 'columns to return, separated by commas'],
]
export const filterOptions: readonly (readonly [flags: string, meaning: string])[] = [
  ['--where <condition>', `such as "delay > 60 and origin in ('ATL', 'ORD')"`],
]

/** Adds the options of a scan: which rows, how many, in which direction, and what of them. */
export function addScanOptions(command: Command): Command {
  addReadOptions(command)
  return command.option('--limit <rows>', 'at most so many rows').option('--reverse', 'in descending key order')
}

/** Adds the options that say which rows are read, and what of them. */
export function addReadOptions(command: Command): Command {
  for (const [flags, meaning] of [...rangeOptions, ...projectionOptions, ...filterOptions])
    command.option(flags, meaning)
  return command
}

/** The columns that are asked for, in the order in which they are asked for. */
export function columnsFromText(schema: SchemaJson, names: string | undefined): readonly ColumnJson[] {
  if (names === undefined) return schema.columns
  return names.split(',').map((given) => {
    const name = given.trim()
    const column = schema.columns.find((candidate) => candidate.name === name)
    if (column !== undefined) return column
    throw new UsageError(
      `there is no column ${name}, but ${schema.columns.map((candidate) => candidate.name).join(', ')}`,
    )
  })
}

/** The keys that are asked for. */
export function rangeFromArguments(
  schema: SchemaJson,
  given: ScanArguments,
): Pick<AnyScanOptions, 'gt' | 'gte' | 'lt' | 'lte' | 'prefix'> {
  const bounds = (['gt', 'gte', 'lt', 'lte'] as const).flatMap((name) => {
    const text = given[name]
    return text === undefined ? [] : [[name, boundFromText(schema, text)] as const]
  })
  const { prefix } = given
  return {
    ...Object.fromEntries(bounds),
    ...(prefix === undefined ? {} : { prefix: prefixFromText(schema, prefix) }),
  }
}

/** What `table.scan` takes for these words. Throws a UsageError for words that mean nothing. */
export function scanFromArguments(schema: SchemaJson, given: ScanArguments): AnyScanOptions {
  const { columns, where, limit, reverse } = given
  return {
    ...rangeFromArguments(schema, given),
    ...(columns === undefined ? {} : { columns: columnsFromText(schema, columns).map(({ name }) => name) }),
    ...(where === undefined ? {} : { where: whereFromText(schema, where) }),
    ...(limit === undefined ? {} : { limit: wholeNumber('--limit', limit) }),
    ...(reverse === true ? { reverse } : {}),
  }
}

/** A whole number that an option takes. */
export function wholeNumber(option: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new UsageError(`${option} takes a whole number, not ${text}`)
}
