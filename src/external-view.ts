// How other programs read a table's current rows from its Parquet files: of each key the version with the highest `_seq`,
// unless that one is a tombstone. Queries and code are text over the files that count at this moment.
//
// 1. What a table of one run, each key once and no tombstones needs is a plain scan, and it gets one.
// 2. A column that no file has yet, since it was added later, is null.
// 3. Nothing in a path or a name is left to be interpreted: not quotes, not wildcards, not `name=value` folders.

import { invalidOption, MarquetryError } from './errors.js'
import { type Dialect, dialects, type View } from './external-dialects.js'
import type { Schema } from './format/schema.js'
import { storedType } from './sstable/stored-columns.js'
import type { LiveFile } from './tree/tree-stats.js'

/** A program that `table.externalView` writes for. */
export type ExternalDialect = keyof typeof dialects

/** What `table.externalView` takes. */
export interface ExternalViewOptions {
  /** Flush memtables first, so that everything written before the call is in the files; the view then comes as a promise. */
  readonly flush?: boolean | undefined
}

/** Throws MARQUETRY_INVALID_OPTION for what `table.externalView` does not take; else whether to flush. */
export function checkExternalView(dialect: unknown, options: ExternalViewOptions): boolean {
  if (typeof dialect !== 'string' || !Object.hasOwn(dialects, dialect)) {
    throw invalidOption('dialect', `must be one of ${Object.keys(dialects).join(', ')}, not ${String(dialect)}`)
  }
  if (typeof options !== 'object' || options === null) throw invalidOption('options', 'must be an object')
  for (const name in options) {
    if (name !== 'flush') throw invalidOption(name, 'is not known to external views')
  }
  const { flush } = options
  if (flush !== undefined && typeof flush !== 'boolean') throw invalidOption('flush', 'must be true or false')
  return flush === true
}

/** Text over these files, for `dialect`, that yields the current rows of a table of this schema. */
export function externalView(dialect: ExternalDialect, schema: Schema, files: readonly LiveFile[]): string {
  const view = viewOf(schema, files)
  const { text, cannotRead, ignoresCase }: Dialect = dialects[dialect]
  checkPaths(dialect, cannotRead, view.paths)
  if (ignoresCase) checkColumns(dialect, schema)
  return text(view)
}

function viewOf(schema: Schema, files: readonly LiveFile[]): View {
  // Some programs ask the first file which columns there are: let it be one that has them all.
  const ordered = [...files].sort((a, b) => b.columns - a.columns)
  const most = ordered[0]?.columns ?? 0
  const runs = new Set(files.map(({ run }) => run))
  return {
    paths: ordered.map(({ path }) => path),
    columns: schema.columns.map(({ name, type }, index) => ({
      name,
      type: storedType(type),
      isStored: index < most,
    })),
    key: schema.key.map((index) => schema.columns[index]!.name),
    isPlain: runs.size === 1 && files.every(({ rows, keys, tombstones }) => rows === keys && tombstones === 0),
    isUniform: files.every(({ columns }) => columns === most),
  }
}

function checkPaths(dialect: ExternalDialect, cannotRead: RegExp | undefined, paths: readonly string[]): void {
  const path = paths.find((path) => cannotRead?.test(path))
  if (path === undefined) return
  const message = `cannot be ${dialect}: it takes characters in the path ${path} for wildcards, and has no way to quote them`
  throw invalidOption('dialect', message)
}

/** Programs that tell names apart by more than case would mix such columns up, or refuse them. */
function checkColumns(dialect: ExternalDialect, schema: Schema): void {
  const seen = new Set(['_seq', '_deleted'])
  for (const { name } of schema.columns) {
    const folded = name.toLowerCase()
    if (name === '' || seen.has(folded)) {
      const why = name === '' ? 'it wants names to have a character' : 'it tells names apart by more than case'
      throw new MarquetryError(
        'MARQUETRY_INVALID_OPTION',
        `Option \`dialect\` cannot be ${dialect}: ${why}, and the table has a column ${JSON.stringify(name)}`,
        { option: 'dialect', column: name },
      )
    }
    seen.add(folded)
  }
}
