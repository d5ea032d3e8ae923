import type { Command } from 'commander'
import { type Io, print } from './io.js'
import { addScanOptions, type ScanArguments, scanFromArguments } from './scan-arguments.js'
import { withTable } from './session.js'

/** `explain DIR TABLE` */
export function addExplain(program: Command, io: Io): void {
  const command = program
    .command('explain')
    .description('tell how a scan reads: every file, row group and page, kept or skipped and why')
    .argument('<dir>', 'directory of the database')
    .argument('<table>')
  addScanOptions(command)
    .option('--analyze', 'read all of it, and count')
    .action((dir: string, name: string, given: ScanArguments & { analyze?: true }) =>
      withTable(dir, name, async (table) => {
        const scan = table.scan({ ...scanFromArguments(table.schema, given), signal: io.signal })
        const explanation = await scan.explain({ analyze: given.analyze })
        await print(io, `${String(explanation).trimEnd()}\n`)
      }),
    )
}
