import type { Command } from 'commander'
import type { Io } from './io.js'
import { progressLine } from './progress.js'
import { withDatabase } from './session.js'

/** `checkpoint DIR TARGET` */
export function addCheckpoint(program: Command, io: Io): void {
  program
    .command('checkpoint')
    .description('make a copy of a database as it is now; SSTables are hard-linked where that can be')
    .argument('<dir>', 'directory of the database')
    .argument('<target>', 'a new or empty directory')
    .action((dir: string, target: string) =>
      withDatabase(dir, { createIfMissing: false }, async (db) => {
        const progress = progressLine(io, 'checkpoint')
        try {
          await db.checkpoint(target, {
            signal: io.signal,
            onProgress: ({ sstables, sstablesTotal }) =>
              progress.show({ files: sstables, filesTotal: sstablesTotal }),
          })
        } finally {
          progress.end()
        }
      }),
    )
}
