// Where things lie inside a database and a table's directory. Numbers come from one counter per table and are never
// reused; six digits keep listings in order, more are allowed.

/** Files of a database directory. */
export const databaseFiles = { format: 'FORMAT', lock: 'LOCK', catalog: 'CATALOG' } as const

/** Files of one SSTable's folder. */
export const sstableFiles = {
  data: 'data.parquet',
  filter: 'filter.bloom',
  index: 'index.sparse',
  checksums: 'checksums.crc',
} as const

/** In the folder of a load, below `tmp/`: the numbers of the SSTables that it is about to add, as JSON. */
export const loadMarker = 'LOAD'

/** Directories: of a table, and `readers` of the database. */
export const directories = { sstables: 'sst', temporary: 'tmp', readers: 'readers' } as const

const padded = (number: number) => String(number).padStart(6, '0')

/** `000012.wal` */
export function logName(number: number): string {
  return `${padded(number)}.wal`
}

/** `MANIFEST-000007` */
export function manifestName(number: number): string {
  return `MANIFEST-${padded(number)}`
}

/** `sst/000009`, the folder of an SSTable, below the table's directory. */
export function sstableFolder(number: number): string {
  return `${directories.sstables}/${padded(number)}`
}

/** `000009`, the folder's own name; also that of a job's folder in `tmp/`. */
export function numberedName(number: number): string {
  return padded(number)
}

/** What a name in a table's directory is; undefined: nothing of ours. */
export function parseName(
  name: string,
): { readonly kind: 'log' | 'manifest'; readonly number: number } | undefined {
  const log = /^(\d{6,})\.wal$/.exec(name)
  if (log !== null) return { kind: 'log', number: Number(log[1]) }
  const manifest = /^MANIFEST-(\d{6,})$/.exec(name)
  if (manifest !== null) return { kind: 'manifest', number: Number(manifest[1]) }
  return undefined
}

/** The number of an SSTable folder's name; undefined: it is none. */
export function parseNumber(name: string): number | undefined {
  return /^\d{6,}$/.test(name) ? Number(name) : undefined
}
