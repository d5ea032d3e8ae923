import type { Command } from 'commander'
import { rowFormat } from './format-rows.js'
import type { Io } from './io.js'
import { defaultFormat, printRows } from './print-rows.js'
import { addScanOptions, columnsFromText, type ScanArguments, scanFromArguments } from './scan-arguments.js'
import { withTable } from './session.js'

/** `scan DIR TABLE` */
export function addScan(program: Command, io: Io): void {
  const command = program
    .command('scan')
    .description('print rows in key order')
    .argument('<dir>', 'directory of the database')
    .argument('<table>')
  addScanOptions(command)
    .option('--format <form>', 'table, json, ndjson or csv (default: table on a terminal, else ndjson)')
    .action((dir: string, name: string, given: ScanArguments & { format?: string }) =>
      withTable(dir, name, async (table) => {
        const format = given.format === undefined ? defaultFormat(io) : rowFormat(given.format)
        const scan = table.scan({ ...scanFromArguments(table.schema, given), signal: io.signal })
        await printRows(io, scan, columnsFromText(table.schema, given.columns), format)
      }),
    )
}
