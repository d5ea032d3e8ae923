import { Database } from './database.js'
import type { OpenOptions } from './options.js'

/**
 * Opens the database in this directory, making it if the directory is missing or empty.
 * Errors: MARQUETRY_LOCKED if another process has it open for writing, MARQUETRY_NOT_A_DATABASE if the directory holds something
 * else, MARQUETRY_UNSUPPORTED_FORMAT if a newer version wrote it, MARQUETRY_CORRUPTION if it is damaged.
 */
export function open(path: string, options?: OpenOptions): Promise<Database> {
  return Database.open(path, options)
}
