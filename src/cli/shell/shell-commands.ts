// The commands of the shell that read and write rows.

import { parseArgs } from 'node:util'
import { rowAsJson, rowAsLines, rowFormatter } from '../format-rows.js'
import { print } from '../io.js'
import { keyFromWords, rowFromWords, type Word } from '../key-text.js'
import { printRows } from '../print-rows.js'
import { progressLine } from '../progress.js'
import { durationText, plural } from '../quantities.js'
import {
  columnsFromText,
  rangeFromArguments,
  type ScanArguments,
  scanFromArguments,
} from '../scan-arguments.js'
import { holdsPairs } from '../session.js'
import { statsText } from '../stats.js'
import { UsageError } from '../usage-error.js'
import type { ShellState } from './shell-state.js'

/** A command of the shell. */
export interface ShellCommand {
  readonly name: string
  /** What stands behind the name. */
  readonly usage: string
  readonly meaning: string
  /** What tab offers behind the name. */
  readonly completes?: 'tables' | 'columns' | 'modes'
  run(shell: ShellState, words: readonly Word[]): Promise<void>
}

const scanFlags = {
  gt: { type: 'string' },
  gte: { type: 'string' },
  lt: { type: 'string' },
  lte: { type: 'string' },
  prefix: { type: 'string' },
  columns: { type: 'string' },
  where: { type: 'string' },
  limit: { type: 'string' },
  reverse: { type: 'boolean' },
} as const

/** The options of scans, for completion too. */
export const scanFlagNames: readonly string[] = Object.keys(scanFlags).map((name) => `--${name}`)

function scanArguments(words: readonly Word[], known: readonly (keyof typeof scanFlags)[]): ScanArguments {
  const options = Object.fromEntries(known.map((name) => [name, scanFlags[name]]))
  try {
    return parseArgs({ args: words.map(({ text }) => text), options, strict: true }).values as ScanArguments
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

const rangeFlags = ['gt', 'gte', 'lt', 'lte', 'prefix'] as const
const allFlags = Object.keys(scanFlags) as (keyof typeof scanFlags)[]

const put: ShellCommand = {
  name: 'put',
  usage: '{JSON} | VALUE…',
  meaning: 'write a row: JSON, or the values of all columns in order',
  async run(shell, words) {
    const table = await shell.tableToWrite()
    await table.put(rowFromWords(table.schema, words))
  },
}

const get: ShellCommand = {
  name: 'get',
  usage: 'KEY…',
  meaning: 'print the row with a key',
  async run(shell, words) {
    const table = await shell.table()
    const row = table && (await table.get(keyFromWords(table.schema, words)))
    if (table === undefined || row === undefined) return shell.remark('(there is no row with this key)')
    const { columns } = table.schema
    if (shell.mode === 'table') {
      return print(shell.io, holdsPairs(table.schema) ? `${row['value']}\n` : rowAsLines(columns, row))
    }
    if (shell.mode === 'json') return print(shell.io, `${rowAsJson(columns, row)}\n`)
    const formatter = rowFormatter(shell.mode, columns)
    return print(shell.io, formatter.rows([row]) + formatter.end())
  },
}

const remove: ShellCommand = {
  name: 'delete',
  usage: 'KEY…',
  meaning: 'remove the row with a key, if there is one',
  async run(shell, words) {
    const table = await shell.table()
    await table?.delete(keyFromWords(table.schema, words))
  },
}

const scan: ShellCommand = {
  name: 'scan',
  usage: '[--gte KEY] [--lt KEY] [--prefix KEY] [--columns A,B] [--where CONDITION] [--limit N] [--reverse]',
  meaning: 'print rows in key order',
  completes: 'columns',
  async run(shell, words) {
    const given = scanArguments(words, allFlags)
    const table = await shell.table()
    if (table === undefined) return shell.say('(0 rows)')
    const beganMs = performance.now()
    const options = { ...scanFromArguments(table.schema, given), signal: shell.io.signal }
    const columns = columnsFromText(table.schema, given.columns)
    const rows = await printRows(shell.io, table.scan(options), columns, shell.mode)
    shell.say(`(${plural(rows, 'row')}, ${durationText(performance.now() - beganMs)})`)
  },
}

const explain: ShellCommand = {
  name: 'explain',
  usage: '[options of scan]',
  meaning: 'how a scan reads: every section, file, row group and page, kept or skipped and why',
  completes: 'columns',
  async run(shell, words) {
    const given = scanArguments(words, allFlags)
    const table = await shell.table()
    if (table === undefined) return
    const scan = table.scan({ ...scanFromArguments(table.schema, given), signal: shell.io.signal })
    await print(shell.io, `${String(await scan.explain()).trimEnd()}\n`)
  },
}

const count: ShellCommand = {
  name: 'count',
  usage: '[options of scan]',
  meaning: 'print the number of rows',
  completes: 'columns',
  async run(shell, words) {
    const given = scanArguments(words, [...rangeFlags, 'where'])
    const table = await shell.table()
    const options = table && { ...scanFromArguments(table.schema, given), signal: shell.io.signal }
    await print(shell.io, `${(await table?.scan(options).count()) ?? 0}\n`)
  },
}

const stats: ShellCommand = {
  name: 'stats',
  usage: '',
  meaning: 'sizes of the table, level by level',
  async run(shell) {
    const table = await shell.table()
    if (table !== undefined) await print(shell.io, statsText(table.name, table.stats()))
  },
}

const flush: ShellCommand = {
  name: 'flush',
  usage: '',
  meaning: 'write what is in memory to a Parquet file',
  async run(shell) {
    await (await shell.table())?.flush()
  },
}

const compact: ShellCommand = {
  name: 'compact',
  usage: '[--gte KEY] [--lt KEY] [--prefix KEY]',
  meaning: 'merge the files of the table',
  async run(shell, words) {
    const given = scanArguments(words, rangeFlags)
    const table = await shell.table()
    if (table === undefined) return
    const progress = progressLine(shell.io, 'compact')
    try {
      const { signal } = shell.io
      const range = rangeFromArguments(table.schema, given)
      await table.compact({ ...range, signal, onProgress: (done) => progress.show(done) })
    } finally {
      progress.end()
    }
  },
}

/** In the order in which `.help` lists them. */
export const rowCommands: readonly ShellCommand[] = [
  put,
  get,
  remove,
  scan,
  count,
  explain,
  stats,
  flush,
  compact,
]
