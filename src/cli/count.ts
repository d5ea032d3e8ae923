import type { Command } from 'commander'
import { type Io, print } from './io.js'
import { filterOptions, rangeOptions, type ScanArguments, scanFromArguments } from './scan-arguments.js'
import { withTable } from './session.js'

/** `count DIR TABLE` */
export function addCount(program: Command, io: Io): void {
  const command = program
    .command('count')
    .description('print the number of rows')
    .argument('<dir>', 'directory of the database')
    .argument('<table>')
  for (const [flags, meaning] of [...rangeOptions, ...filterOptions]) command.option(flags, meaning)
  command.action((dir: string, name: string, given: ScanArguments) =>
    withTable(dir, name, async (table) => {
      const rows = await table.scan({ ...scanFromArguments(table.schema, given), signal: io.signal }).count()
      await print(io, `${rows}\n`)
    }),
  )
}
