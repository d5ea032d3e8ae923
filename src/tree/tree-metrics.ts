// What a tree counts while it works: operations, bytes, and how long things took.
//
// 1. Counters only grow. They begin at zero when the database is opened, and outlive the files they are about.
// 2. An operation is counted once it is over and has succeeded: what rejects or throws is not counted, but where a
//    counter says so.
// 3. Counting must not be felt: a group of writes shares one look at the clock, point reads are timed one in
//    `getSampling`.

import type { Batch } from '../format/batch.js'
import type { BatchSource } from '../format/source.js'
import type { FilterStats } from '../sstable/lookup-filter.js'
import { Histogram, type HistogramSummary } from '../util/histogram.js'
import type { CompactionEvent } from './environment.js'

/** Of how many point reads one is timed. A power of two. */
const getSampling = 16

const zeroCounts = {
  writes: 0,
  batches: 0,
  puts: 0,
  deletes: 0,
  refusedWrites: 0,
  getHits: 0,
  getMisses: 0,
  getManys: 0,
  getManyHits: 0,
  getManyMisses: 0,
  scans: 0,
  scannedRows: 0,
  logBytes: 0,
  logGroups: 0,
  logSyncs: 0,
  flushes: 0,
  flushedRows: 0,
  flushedBytes: 0,
  flushFailures: 0,
  loads: 0,
  loadedRows: 0,
  loadedBytes: 0,
  compactions: 0,
  compactionMoves: 0,
  compactionFailures: 0,
  compactedRowsIn: 0,
  compactedRowsOut: 0,
  compactedBytesIn: 0,
  compactedBytesOut: 0,
  rowGroupsCarried: 0,
  stalls: 0,
  stalledMs: 0,
}

type Counts = typeof zeroCounts

/** What the key filters of the SSTables did for point lookups, those of files that are gone included. */
export interface FilterCounters {
  /** Lookups in a file that its filter ended: the key is not there. */
  readonly negatives: number
  /** Lookups that the filter let pass, and that found the key. */
  readonly hits: number
  /** Lookups that the filter let pass in vain. */
  readonly falsePositives: number
  /** Lookups in a file that has no filter, or one that cannot be read. */
  readonly bypassed: number
}

/** How long operations took: `Us` in microseconds, `Ms` in milliseconds. */
export interface Latencies {
  /** A write from its call until it is visible and as durable as the WAL mode promises; waiting for others included. */
  readonly writeUs: HistogramSummary
  /** A point read (`get`, `getSync`, `has`) without the making of the row object. One in 16 is timed. */
  readonly getUs: HistogramSummary
  /** A scan's first batch, or the end of one without rows. */
  readonly scanFirstBatchUs: HistogramSummary
  /** A sync of a log. */
  readonly logSyncUs: HistogramSummary
  /** A flush from its start until it is committed; on the database's clock. */
  readonly flushMs: HistogramSummary
}

/** What has happened since the database was opened. Counters only grow. */
export interface Counters {
  /** Atomic writes: calls of `put`, `delete`, `update` and `batch`, and parts of imports. */
  readonly writes: number
  /** Calls of `batch`; one without operations is no write. */
  readonly batches: number
  /** Rows written, one by one, in batches and by imports. */
  readonly puts: number
  /** Keys deleted, one by one and in batches, whether there was a row or not. */
  readonly deletes: number
  /** Writes that were refused with MARQUETRY_BUSY. */
  readonly refusedWrites: number
  /** Point reads (`get`, `getSync`, `has`, and the read of an `update`) that found their row. */
  readonly getHits: number
  readonly getMisses: number
  /** Calls of `getMany`. */
  readonly getManys: number
  /** Keys of these calls that had a row. */
  readonly getManyHits: number
  readonly getManyMisses: number
  /** Scans begun, those of exports included. */
  readonly scans: number
  /** Rows that scans have yielded. */
  readonly scannedRows: number
  /** Bytes of the records written to logs. */
  readonly logBytes: number
  /** Group commits: `writes / logGroups` writes share one append and, in mode `sync`, one sync. */
  readonly logGroups: number
  readonly logSyncs: number
  /** Flushes committed, also those that had nothing to keep. */
  readonly flushes: number
  /** Rows in the SSTables that flushes made, all versions and tombstones counted. */
  readonly flushedRows: number
  /** Bytes of the Parquet files that flushes made. */
  readonly flushedBytes: number
  /** Attempts to flush that failed. */
  readonly flushFailures: number
  /** Sorted imports that became SSTables without passing a memtable. */
  readonly loads: number
  /** Rows of these SSTables. */
  readonly loadedRows: number
  /** Bytes of these Parquet files. */
  readonly loadedBytes: number
  /** Merges committed. */
  readonly compactions: number
  /** Compactions that only changed the level of SSTables. */
  readonly compactionMoves: number
  readonly compactionFailures: number
  /** Rows of the SSTables that were merged, and of those that came out. */
  readonly compactedRowsIn: number
  readonly compactedRowsOut: number
  /** Bytes of the SSTables that were merged, and of those that came out. */
  readonly compactedBytesIn: number
  readonly compactedBytesOut: number
  /** Row groups that merges copied as bytes, since nothing overlapped them. */
  readonly rowGroupsCarried: number
  /** Times that writers had to wait for memtables to be flushed, or for merges. */
  readonly stalls: number
  /** Time that such waiting took; one that is under way counts so far. */
  readonly stalledMs: number
  readonly filters: FilterCounters
  readonly latencies: Latencies
}

type FilterCounts = { -readonly [K in keyof FilterCounters]: number }

function addFilter(sum: FilterCounts, { negatives, hits, falsePositives, bypassed }: FilterCounters): void {
  sum.negatives += negatives
  sum.hits += hits
  sum.falsePositives += falsePositives
  sum.bypassed += bypassed
}

/** The counters of one tree, or the sum of those of several. */
export class TreeMetrics {
  readonly counts: Counts = { ...zeroCounts }
  readonly latencies: { readonly [K in keyof Latencies]: Histogram } = {
    writeUs: new Histogram(),
    getUs: new Histogram(),
    scanFirstBatchUs: new Histogram(),
    logSyncUs: new Histogram(),
    flushMs: new Histogram(),
  }
  /** Of files that are closed. */
  readonly #filters: FilterCounts = { negatives: 0, hits: 0, falsePositives: 0, bypassed: 0 }
  readonly #openFiles: () => Iterable<{ readonly filterStats: FilterStats }>
  #getsBegun = 0
  #stalledSinceMs: number | undefined

  /** `openFiles`: the readers whose filters count as well; tell `fileCloses` before one of them goes. */
  constructor(openFiles: () => Iterable<{ readonly filterStats: FilterStats }> = () => []) {
    this.#openFiles = openFiles
  }

  /** A point read begins. Returns what `getEnds` wants to know: the time, or 0 if this read is not timed. */
  getBegins(): number {
    return (this.#getsBegun++ & (getSampling - 1)) === 0 ? performance.now() : 0
  }

  getEnds(beganMs: number, found: boolean): void {
    if (found) this.counts.getHits++
    else this.counts.getMisses++
    if (beganMs !== 0) this.latencies.getUs.record((performance.now() - beganMs) * 1000)
  }

  /** A `getMany` ends: its answers. */
  getManyEnds(rows: readonly unknown[]): void {
    const misses = rows.reduce((count: number, row) => count + (row === undefined ? 1 : 0), 0)
    this.counts.getManys++
    this.counts.getManyHits += rows.length - misses
    this.counts.getManyMisses += misses
  }

  /** A record was committed: its rows and tombstones. */
  written(puts: number, deletes: number): void {
    this.counts.writes++
    this.counts.puts += puts
    this.counts.deletes += deletes
  }

  /** A group of writes, each of which began at its time, is in the log and visible. */
  committed(bytes: number, writes: readonly { readonly beganMs: number }[]): void {
    this.counts.logBytes += bytes
    this.counts.logGroups++
    const nowMs = performance.now()
    for (const { beganMs } of writes) this.latencies.writeUs.record((nowMs - beganMs) * 1000)
  }

  /** A log was synced. */
  synced(beganMs: number): void {
    this.counts.logSyncs++
    this.latencies.logSyncUs.record((performance.now() - beganMs) * 1000)
  }

  stallBegins(): void {
    this.counts.stalls++
    this.#stalledSinceMs = performance.now()
  }

  stallEnds(): void {
    this.counts.stalledMs = this.#stalledMs()
    this.#stalledSinceMs = undefined
  }

  #stalledMs(): number {
    const since = this.#stalledSinceMs
    return this.counts.stalledMs + (since === undefined ? 0 : performance.now() - since)
  }

  flushed(rows: number, bytes: number, durationMs: number): void {
    this.counts.flushes++
    this.counts.flushedRows += rows
    this.counts.flushedBytes += bytes
    this.latencies.flushMs.record(durationMs)
  }

  /** A sorted load was committed: its SSTables. */
  loaded(tables: readonly { readonly rows: number; readonly bytes: number }[]): void {
    this.counts.loads++
    for (const { rows, bytes } of tables) {
      this.counts.loadedRows += rows
      this.counts.loadedBytes += bytes
    }
  }

  /** A compaction has ended. */
  compacted(event: CompactionEvent): void {
    const { counts } = this
    if (event.phase === 'failed') counts.compactionFailures++
    if (event.phase !== 'end') return
    if (event.isMove) {
      counts.compactionMoves++
      return
    }
    counts.compactions++
    counts.compactedRowsIn += event.rowsIn
    counts.compactedRowsOut += event.rowsOut
    counts.compactedBytesIn += event.bytesIn
    counts.compactedBytesOut += event.bytesOut
    counts.rowGroupsCarried += event.rowGroupsCarried
  }

  /** Keeps the counts of a reader that is about to leave the open ones. */
  fileCloses({ filterStats }: { readonly filterStats: FilterStats }): void {
    addFilter(this.#filters, filterStats)
  }

  /** Counts a scan that begins with the first `next`. */
  scan(source: BatchSource): BatchSource {
    const { counts, latencies } = this
    let beganMs: number | undefined
    let answered = false
    const count = (batch: Batch | undefined) => {
      if (!answered) latencies.scanFirstBatchUs.record((performance.now() - beganMs!) * 1000)
      answered = true
      if (batch !== undefined) counts.scannedRows += batch.rows
      return batch
    }
    return {
      next() {
        if (beganMs === undefined) {
          counts.scans++
          beganMs = performance.now()
        }
        const batch = source.next()
        return batch instanceof Promise ? batch.then(count) : count(batch)
      },
      close: () => source.close(),
    }
  }

  /** Takes in what another tree has counted so far. */
  add(other: TreeMetrics): void {
    const { filters, ...counts } = other.#totals()
    for (const name of Object.keys(zeroCounts) as (keyof Counts)[]) this.counts[name] += counts[name]
    addFilter(this.#filters, filters)
    for (const name of Object.keys(this.latencies) as (keyof Latencies)[]) {
      this.latencies[name].add(other.latencies[name])
    }
  }

  /** All counters as plain data. */
  counters(): Counters {
    const { writeUs, getUs, scanFirstBatchUs, logSyncUs, flushMs } = this.latencies
    return {
      ...this.#totals(),
      latencies: {
        writeUs: writeUs.summary(),
        getUs: getUs.summary(),
        scanFirstBatchUs: scanFirstBatchUs.summary(),
        logSyncUs: logSyncUs.summary(),
        flushMs: flushMs.summary(),
      },
    }
  }

  #totals(): Counts & { readonly filters: FilterCounters } {
    const filters = { ...this.#filters }
    for (const { filterStats } of this.#openFiles()) addFilter(filters, filterStats)
    return { ...this.counts, stalledMs: this.#stalledMs(), filters }
  }
}
