// The two files of a database's directory that are not a table's.
//
//   FORMAT    text: "marquetry database, format 1\n", and no more. Written last when a database is made: without it,
//             there is none.
//   CATALOG   text: one line of JSON, then its CRC-32 as eight hexadecimal digits and a line feed. Always replaced as
//             a whole (temporary name, sync, rename, directory sync).

import { crc32 } from 'node:zlib'
import { corruption, MarquetryError } from '../errors.js'

const namePattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/
const formatVersion = 1
const formatPattern = /^marquetry database, format (\d+)\n/

/** The content of FORMAT. */
export function encodeFormat(): Uint8Array {
  return Buffer.from(`marquetry database, format ${formatVersion}\n`)
}

/**
 * Throws MARQUETRY_UNSUPPORTED_FORMAT for a newer format, MARQUETRY_CORRUPTION for anything that is none. Every format
 * begins with this line; what a newer one says behind it is its own affair.
 */
export function checkFormat(path: string, bytes: Uint8Array): void {
  const match = formatPattern.exec(Buffer.from(bytes).toString('latin1'))
  if (match === null) throw corruption(path, 0, 'this is not the FORMAT file of a marquetry database')
  if (Number(match[1]) !== formatVersion) {
    throw new MarquetryError(
      'MARQUETRY_UNSUPPORTED_FORMAT',
      `${path}: the database has format ${match[1]}; this version of marquetry reads format ${formatVersion}`,
      { file: path },
    )
  }
  if (match[0].length < bytes.length) {
    throw corruption(path, match[0].length, 'a FORMAT file has one line, and this one goes on')
  }
}

/** A table as the catalog knows it; its directory has its name. */
export interface CatalogEntry {
  readonly id: number
  readonly name: string
}

export interface Catalog {
  readonly nextTableId: number
  readonly tables: readonly CatalogEntry[]
  /** Tables that were dropped and whose files may still be there. */
  readonly dropped?: readonly CatalogEntry[]
}

export const emptyCatalog: Catalog = { nextTableId: 1, tables: [] }

export function encodeCatalog(catalog: Catalog): Uint8Array {
  const line = `${JSON.stringify(catalog)}\n`
  return Buffer.from(`${line}${crc32(line).toString(16).padStart(8, '0')}\n`)
}

/** Throws MARQUETRY_CORRUPTION if the catalog is not whole. */
export function decodeCatalog(path: string, bytes: Uint8Array): Catalog {
  const text = Buffer.from(bytes).toString('utf8')
  const end = text.indexOf('\n') + 1
  const line = text.slice(0, end)
  if (end === 0 || text.slice(end) !== `${crc32(line).toString(16).padStart(8, '0')}\n`) {
    throw corruption(path, 0, 'the catalog is damaged')
  }
  const catalog: unknown = JSON.parse(line)
  if (!isCatalog(catalog)) throw corruption(path, 0, 'the catalog is none')
  return catalog
}

function isCatalog(value: unknown): value is Catalog {
  const { nextTableId, tables, dropped = [] } = (value ?? {}) as Partial<Catalog>
  return (
    Number.isSafeInteger(nextTableId) &&
    [tables, dropped].every((list) => Array.isArray(list) && list.every(isEntry))
  )
}

function isEntry(value: unknown): value is CatalogEntry {
  const { id, name } = (value ?? {}) as Partial<CatalogEntry>
  return Number.isSafeInteger(id) && typeof name === 'string' && namePattern.test(name)
}

/** Names that the database's directory needs for itself. */
const takenNames = new Set(['format', 'lock', 'catalog', 'catalog.tmp', 'format.tmp', 'readers'])

/** Throws MARQUETRY_INVALID_OPTION if a table cannot have this name: it becomes a directory's. */
export function checkTableName(name: unknown): asserts name is string {
  if (typeof name === 'string' && namePattern.test(name) && !takenNames.has(name.toLowerCase())) return
  throw new MarquetryError(
    'MARQUETRY_INVALID_OPTION',
    `${typeof name === 'string' ? JSON.stringify(name) : String(name)} cannot be a table's name: 1 to 128 letters, digits, "_", "." and "-", not beginning with ` +
      '"." or "-", and none of FORMAT, LOCK, CATALOG, readers',
    { option: 'name' },
  )
}
