// What `db.metrics()` tells: its own tables added up, and what they share.

import type { SidecarStats } from './sstable/reader-host.js'
import type { TreeEnvironment } from './tree/environment.js'
import type { LsmTree } from './tree/lsm-tree.js'
import { type Counters, TreeMetrics } from './tree/tree-metrics.js'
import { addSizes, type Sizes } from './tree/tree-stats.js'

/** The cache of decoded pages and rows, which all tables of a database share. */
export interface CacheMetrics {
  readonly bytes: number
  readonly capacityBytes: number
  /** Pages that were asked for and were there. */
  readonly hits: number
  readonly misses: number
  /** Lookups that got a copy of a row that earlier ones had put together, and asked for no page. */
  readonly rowHits: number
}

/**
 * What `db.metrics()` tells: plain data, the sizes and counters of the tables that are open added up. What dropped tables
 * counted stays in the counters. A table is open once `db.table` was called for it. Every field is explained in
 * docs/metrics.md.
 */
export interface Metrics extends Sizes, Counters {
  /** Time since the database was opened. */
  readonly uptimeMs: number
  /** Tables that are open. */
  readonly tables: number
  /** The last sequence number that was given to an entry. */
  readonly lastSeq: number
  /** Failures that no caller was waiting for. */
  readonly backgroundErrors: number
  /** Whether the database has turned read-only after a failed write. */
  readonly failed: boolean
  readonly cache: CacheMetrics
  /** What became of the SSTables' sidecars, by kind: filter, index, checksums. */
  readonly sidecars: SidecarStats
}

/** What tables share. */
export function environmentMetrics(
  environment: TreeEnvironment,
): Pick<Metrics, 'lastSeq' | 'failed' | 'cache' | 'sidecars'> {
  const { cache, health, sequence, sidecars } = environment
  const { bytes, capacityBytes, hits, misses, rowHits } = cache
  return {
    lastSeq: sequence.next - 1,
    failed: health.failure !== undefined,
    cache: { bytes, capacityBytes, hits, misses, rowHits },
    sidecars: structuredClone(sidecars),
  }
}

/** The sum of open tables; `dropped` holds the counters of those that are gone. */
export function tablesMetrics(
  trees: readonly LsmTree[],
  dropped: TreeMetrics,
): Sizes & Counters & { readonly tables: number } {
  const total = new TreeMetrics()
  total.add(dropped)
  for (const { metrics } of trees) total.add(metrics)
  return { tables: trees.length, ...addSizes(trees.map((tree) => tree.stats())), ...total.counters() }
}
