// What commands have in common: opening databases and closing them whatever happens, finding tables.

import type { Database } from '../database.js'
import { isMarquetryError } from '../errors.js'
import { t } from '../format/column.js'
import type { SchemaJson } from '../format/schema.js'
import { open } from '../open.js'
import type { OpenOptions } from '../options.js'
import type { Table } from '../table.js'

/** The table that is made when somebody puts a pair of texts and has made no table: a key–value store. */
export const pairsTableName = 'kv'

const pairsSchema = { columns: { key: t.utf8(), value: t.utf8() }, key: ['key'] } as const

/** Opens a database for as long as `use` takes. The first of what goes wrong is what the caller sees. */
export async function withDatabase<T>(
  path: string,
  options: OpenOptions,
  use: (db: Database) => Promise<T>,
): Promise<T> {
  const db = await open(path, options)
  let result: T
  try {
    result = await use(db)
  } catch (error) {
    await db.close().catch(() => {})
    throw error
  }
  await db.close()
  return result
}

/** A table of a database that is opened to be read only. */
export function withTable<T>(path: string, name: string, use: (table: Table) => Promise<T>): Promise<T> {
  return withDatabase(path, { readOnly: true }, async (db) => use(await db.table(name)))
}

/** A table to write to. The table of pairs is made if it is missing; no other can be, for want of a schema. */
export async function tableToWrite(db: Database, name: string): Promise<Table> {
  try {
    return await db.table(name)
  } catch (error) {
    if (name !== pairsTableName || !isMarquetryError(error, 'MARQUETRY_NOT_FOUND')) throw error
    await db.table(pairsTableName, pairsSchema)
    return await db.table(pairsTableName)
  }
}

/** Whether rows are pairs of texts, so that a row is its value to whoever knows the key. */
export function holdsPairs({ columns, key }: SchemaJson): boolean {
  const [first, second] = columns
  const areTexts = columns.length === 2 && first?.kind === 'utf8' && second?.kind === 'utf8'
  return areTexts && first.name === 'key' && second.name === 'value' && key.join() === 'key'
}
