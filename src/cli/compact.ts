import type { Command } from 'commander'
import type { Io } from './io.js'
import { progressLine } from './progress.js'
import { rangeFromArguments, rangeOptions, type ScanArguments } from './scan-arguments.js'
import { withDatabase } from './session.js'

/** `compact DIR TABLE` */
export function addCompact(program: Command, io: Io): void {
  const command = program
    .command('compact')
    .description('merge the files of a table, or those that hold a range of keys')
    .argument('<dir>', 'directory of the database')
    .argument('<table>')
  for (const [flags, meaning] of rangeOptions) command.option(flags, meaning)
  command.action((dir: string, name: string, given: ScanArguments) =>
    withDatabase(dir, { createIfMissing: false }, async (db) => {
      const table = await db.table(name)
      const progress = progressLine(io, 'compact')
      try {
        const { signal } = io
        const range = rangeFromArguments(table.schema, given)
        await table.compact({ ...range, signal, onProgress: (done) => progress.show(done) })
      } finally {
        progress.end()
      }
    }),
  )
}
