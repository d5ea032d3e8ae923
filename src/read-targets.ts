// What the options of a read name in its table: columns, and the moment to read at.

import { MarquetryError } from './errors.js'
import type { Projection } from './format/batch.js'
import type { Snapshot } from './format/row-types.js'
import { invalidColumns } from './read-options.js'
import { TableSnapshot } from './table-snapshot.js'
import type { LsmTree } from './tree/lsm-tree.js'

/** The schema columns that these names mean, ascending and each once; undefined: all. */
export function resolveProjection(
  { name, schema }: LsmTree,
  columns: readonly unknown[] | undefined,
): Projection {
  if (columns === undefined) return schema.all
  if (!Array.isArray(columns)) throw invalidColumns('must be an array of column names')
  const indexes = columns.map((column: string) => {
    const index = schema.indexOf(column)
    if (index === undefined)
      throw invalidColumns(`names ${JSON.stringify(column)}, which is no column of ${name}`)
    return index
  })
  return [...new Set(indexes)].sort((a, b) => a - b)
}

/** The sequence number at which a read with this option reads the tree; undefined: at that of its beginning. */
export function resolveSnapshot(tree: LsmTree, snapshot: Snapshot | undefined): number | undefined {
  if (snapshot === undefined) return undefined
  if (snapshot instanceof TableSnapshot) return snapshot.seqFor(tree)
  throw new MarquetryError('MARQUETRY_INVALID_OPTION', 'Option `snapshot` must come from `table.snapshot()`', {
    option: 'snapshot',
  })
}
