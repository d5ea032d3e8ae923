import type { OutputOptions } from '../compaction/job.js'
import type { ResolvedTableOptions } from '../options.js'

/** How the jobs of a table write SSTables. */
export function outputOptions(table: string, options: ResolvedTableOptions): OutputOptions {
  const { compression, rowGroupRows, rowGroupBytes, pageBytes, sparseIndexInterval } = options
  const filter = options.filter === false ? undefined : options.filter
  return { table, compression, rowGroupRows, rowGroupBytes, pageBytes, sparseIndexInterval, filter }
}
