// What a table for a file should look like.

import { nodeFileSystem } from './fs/node.js'
import { inferFrom } from './transfer/infer.js'
import type { InferOptions, InferredSchema } from './transfer/transfer-options.js'

/**
 * The schema of a new table for the file at `path`, to be given to `db.table` and followed by `table.import`. Parquet and
 * Arrow say what their columns are; of CSV and NDJSON the first rows tell: whole numbers become int64, other numbers
 * float64, dates and ISO times date and timestamp, and all that is not in the key may be null. Rows that do not fit in
 * the end are the import's to refuse. Throws MARQUETRY_INVALID_INPUT for a column that no type can hold.
 */
export async function inferSchema(path: string, options: InferOptions): Promise<InferredSchema> {
  return await inferFrom(options.fileSystem ?? nodeFileSystem(), path, options)
}
