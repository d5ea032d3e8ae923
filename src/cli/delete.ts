import type { Command } from 'commander'
import type { Io } from './io.js'
import { keyFromWords, plainWords } from './key-text.js'
import { withDatabase } from './session.js'

/** `delete DIR TABLE KEY…` */
export function addDelete(program: Command, _io: Io): void {
  program
    .command('delete')
    .description('remove the row with a key, if there is one')
    .argument('<dir>', 'directory of the database')
    .argument('<table>')
    .argument('<key...>', 'the key columns’ values, or a JSON array of them')
    .action((dir: string, name: string, words: string[]) =>
      withDatabase(dir, { createIfMissing: false }, async (db) => {
        const table = await db.table(name)
        await table.delete(keyFromWords(table.schema, plainWords(words)))
      }),
    )
}
