import type { Command } from 'commander'
import { rowAsJson, rowAsLines, rowFormat, rowFormatter } from './format-rows.js'
import { type Io, print } from './io.js'
import { keyFromWords, plainWords } from './key-text.js'
import { defaultFormat } from './print-rows.js'
import { columnsFromText } from './scan-arguments.js'
import { holdsPairs, withTable } from './session.js'

/** There is no row with the key that was asked for: exit code 3. */
export class KeyNotFound extends Error {}

/** `get DIR TABLE KEY…` */
export function addGet(program: Command, io: Io): void {
  program
    .command('get')
    .description('print the row with a key; exit code 3 if there is none')
    .argument('<dir>', 'directory of the database')
    .argument('<table>')
    .argument('<key...>', 'the key columns’ values, or a JSON array of them')
    .option('--columns <names>', 'columns to return, separated by commas')
    .option('--format <form>', 'table, json, ndjson or csv (default: table on a terminal, else ndjson)')
    .action((dir: string, name: string, words: string[], given: { columns?: string; format?: string }) =>
      withTable(dir, name, async (table) => {
        const { schema } = table
        const columns = columnsFromText(schema, given.columns)
        const key = keyFromWords(schema, plainWords(words))
        const row = await table.get(key, { columns: columns.map((column) => column.name) })
        if (row === undefined) throw new KeyNotFound('there is no row with this key')
        if (given.format === undefined && given.columns === undefined && holdsPairs(schema))
          return print(io, `${row['value']}\n`)
        const format = given.format === undefined ? defaultFormat(io) : rowFormat(given.format)
        if (format === 'table') return print(io, rowAsLines(columns, row))
        if (format === 'json') return print(io, `${rowAsJson(columns, row)}\n`)
        const formatter = rowFormatter(format, columns)
        return print(io, formatter.rows([row]) + formatter.end())
      }),
    )
}
