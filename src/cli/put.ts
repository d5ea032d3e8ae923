import type { Command } from 'commander'
import type { Io } from './io.js'
import { plainWords, rowFromWords } from './key-text.js'
import { pairsTableName, tableToWrite, withDatabase } from './session.js'

/** `put DIR TABLE ROW…` */
export function addPut(program: Command, _io: Io): void {
  program
    .command('put')
    .description(
      `write a row, replacing the one with its key; the table ${pairsTableName} (key, value) is made if missing`,
    )
    .argument('<dir>', 'directory of the database')
    .argument('<table>')
    .argument('<row...>', 'a JSON object, or the values of all columns in order (null for null)')
    .action((dir: string, name: string, words: string[]) =>
      withDatabase(dir, { createIfMissing: name === pairsTableName }, async (db) => {
        const table = await tableToWrite(db, name)
        await table.put(rowFromWords(table.schema, plainWords(words)))
      }),
    )
}
