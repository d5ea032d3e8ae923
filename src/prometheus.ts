// Metrics as Prometheus reads them (text format 0.0.4): https://prometheus.io/docs/instrumenting/exposition_formats/
//
// 1. Units are Prometheus's: bytes, and seconds where `db.metrics()` has milli- or microseconds. Counters end in `_total`.
// 2. All samples of a name stand together, behind one HELP and one TYPE line.

import type { Metrics } from './metrics.js'
import type { HistogramSummary } from './util/histogram.js'

type Labels = Readonly<Record<string, string>>
type Sample = readonly [value: number, labels?: Labels]

interface Family {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly samples: readonly Sample[]
}

/** What `prometheusText` takes besides the metrics. */
export interface PrometheusOptions {
  /** Labels of every sample, to tell databases apart. */
  readonly labels?: Readonly<Record<string, string>> | undefined
}

const counter = (name: string, help: string, ...samples: readonly Sample[]): Family => ({
  name: `marquetry_${name}_total`,
  type: 'counter',
  help,
  samples,
})
const gauge = (name: string, help: string, ...samples: readonly Sample[]): Family => ({
  name: `marquetry_${name}`,
  type: 'gauge',
  help,
  samples,
})

function counters(m: Metrics): readonly Family[] {
  return [
    counter('writes', 'Atomic writes', [m.writes]),
    counter('batches', 'Calls of batch', [m.batches]),
    counter('puts', 'Rows written', [m.puts]),
    counter('deletes', 'Keys deleted', [m.deletes]),
    counter('refused_writes', 'Writes refused after they had waited too long', [m.refusedWrites]),
    counter('gets', 'Point reads', [m.getHits, { result: 'hit' }], [m.getMisses, { result: 'miss' }]),
    counter('get_many_calls', 'Calls of getMany', [m.getManys]),
    counter(
      'get_many_keys',
      'Keys looked up by getMany',
      [m.getManyHits, { result: 'hit' }],
      [m.getManyMisses, { result: 'miss' }],
    ),
    counter('scans', 'Scans begun', [m.scans]),
    counter('scanned_rows', 'Rows that scans yielded', [m.scannedRows]),
    counter('log_bytes', 'Bytes written to logs', [m.logBytes]),
    counter('log_groups', 'Group commits', [m.logGroups]),
    counter('log_syncs', 'Syncs of logs', [m.logSyncs]),
    counter('flushes', 'Flushes committed', [m.flushes]),
    counter('flushed_rows', 'Rows in the SSTables made by flushes', [m.flushedRows]),
    counter('flushed_bytes', 'Bytes of the SSTables made by flushes', [m.flushedBytes]),
    counter('flush_failures', 'Attempts to flush that failed', [m.flushFailures]),
    counter('loads', 'Sorted imports that passed no memtable', [m.loads]),
    counter('loaded_rows', 'Rows of the SSTables that they made', [m.loadedRows]),
    counter('loaded_bytes', 'Bytes of these', [m.loadedBytes]),
    counter('compactions', 'Merges committed', [m.compactions]),
    counter('compaction_moves', 'Compactions that moved SSTables only', [m.compactionMoves]),
    counter('compaction_failures', 'Compactions that failed', [m.compactionFailures]),
    counter(
      'compacted_rows',
      'Rows of SSTables that went into merges and came out',
      [m.compactedRowsIn, { direction: 'in' }],
      [m.compactedRowsOut, { direction: 'out' }],
    ),
    counter(
      'compacted_bytes',
      'Bytes of SSTables that went into merges and came out',
      [m.compactedBytesIn, { direction: 'in' }],
      [m.compactedBytesOut, { direction: 'out' }],
    ),
    counter('row_groups_carried', 'Row groups that merges copied as bytes', [m.rowGroupsCarried]),
    counter('stalls', 'Times that writers had to wait', [m.stalls]),
    counter('stalled_seconds', 'Time that writers waited', [m.stalledMs / 1e3]),
    counter(
      'filter_lookups',
      'Lookups in SSTables by what their key filters did',
      [m.filters.negatives, { result: 'negative' }],
      [m.filters.hits, { result: 'hit' }],
      [m.filters.falsePositives, { result: 'false_positive' }],
      [m.filters.bypassed, { result: 'bypassed' }],
    ),
    counter('background_errors', 'Failures that no caller was waiting for', [m.backgroundErrors]),
    counter('cache_hits', 'Pages that were in the cache', [m.cache.hits]),
    counter('cache_misses', 'Pages that were read and decoded', [m.cache.misses]),
    counter('cache_row_hits', 'Lookups that got a copy of a row of the cache', [m.cache.rowHits]),
    counter('sidecars', 'What became of sidecars of SSTables', ...sidecarSamples(m)),
  ]
}

function sidecarSamples({ sidecars }: Metrics): readonly Sample[] {
  return Object.entries(sidecars).flatMap(([kind, counts]) =>
    Object.entries<number>({ ...counts }).map(([event, count]): Sample => [count, { kind, event }]),
  )
}

function gauges(m: Metrics): readonly Family[] {
  const perLevel = (of: (level: Metrics['levels'][number]) => number): readonly Sample[] =>
    m.levels.map((level) => [of(level), { level: String(level.level) }])
  return [
    gauge('uptime_seconds', 'Time since the database was opened', [m.uptimeMs / 1e3]),
    gauge('tables', 'Tables that are open', [m.tables]),
    gauge('last_seq', 'The last sequence number given', [m.lastSeq]),
    gauge('failed', 'Whether the database is read-only after a failed write', [Number(m.failed)]),
    gauge('memtable_rows', 'Entries in memtables', [m.memtableRows]),
    gauge('memtable_bytes', 'Memory of memtables', [m.memtableBytes]),
    gauge('active_memtable_rows', 'Entries in memtables that take writes', [m.activeMemtableRows]),
    gauge('active_memtable_bytes', 'Memory of memtables that take writes', [m.activeMemtableBytes]),
    gauge('immutable_memtables', 'Memtables that wait for their flush', [m.immutableMemtables]),
    gauge('sstables', 'SSTables', [m.sstables]),
    gauge('sstable_rows', 'Rows in SSTables', [m.sstableRows]),
    gauge('sstable_bytes', 'Bytes of SSTables', [m.sstableBytes]),
    gauge('level_runs', 'Sorted runs', ...perLevel(({ runs }) => runs)),
    gauge('level_tables', 'SSTables by level', ...perLevel(({ tables }) => tables)),
    gauge('level_rows', 'Rows by level', ...perLevel(({ rows }) => rows)),
    gauge('level_tombstones', 'Tombstones by level', ...perLevel(({ tombstones }) => tombstones)),
    gauge('level_bytes', 'Bytes by level', ...perLevel(({ bytes }) => bytes)),
    gauge('snapshots', 'Snapshots that are open', [m.snapshots]),
    gauge('cache_bytes', 'Memory of decoded pages, rows and sidecars', [m.cache.bytes]),
    gauge('cache_capacity_bytes', 'Memory that the cache may take', [m.cache.capacityBytes]),
  ]
}

/** Latencies by their name, and what makes seconds of them. */
function latencies({ latencies: all }: Metrics): readonly [string, string, HistogramSummary, number][] {
  return [
    ['write', 'Writes, until they are durable', all.writeUs, 1e-6],
    ['get', 'Point reads; one in 16 is timed', all.getUs, 1e-6],
    ['scan_first_batch', 'First batches of scans', all.scanFirstBatchUs, 1e-6],
    ['log_sync', 'Syncs of logs', all.logSyncUs, 1e-6],
    ['flush', 'Flushes', all.flushMs, 1e-3],
  ]
}

/** Value of a label: backslashes, quotes and line feeds are escaped. */
const quoted = (value: string) => `"${value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`

function line(name: string, value: number, labels: Labels): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}=${quoted(text)}`)
  return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}`
}

function head(name: string, type: string, help: string): readonly string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`]
}

/**
 * What `db.metrics()` tells, in Prometheus's text format, for the answer to a scrape: content type `text/plain; version=0.0.4`.
 * Names are listed in docs/metrics.md. A page has one text: metrics of several databases belong to a page each.
 */
export function prometheusText(metrics: Metrics, { labels: common = {} }: PrometheusOptions = {}): string {
  const lines: string[] = []
  for (const { name, type, help, samples } of [...counters(metrics), ...gauges(metrics)]) {
    if (samples.length > 0) lines.push(...head(name, type, help))
    for (const [value, labels] of samples) lines.push(line(name, value, { ...common, ...labels }))
  }
  for (const [name, help, summary, scale] of latencies(metrics)) {
    const full = `marquetry_${name}_duration_seconds`
    const { count, min, max, mean, p50, p90, p99, p999 } = summary
    lines.push(...head(full, 'summary', help))
    // A summary's quantiles 0 and 1 are its extremes.
    const quantiles = { '0': min, '0.5': p50, '0.9': p90, '0.99': p99, '0.999': p999, '1': max }
    for (const [quantile, value] of Object.entries(quantiles)) {
      lines.push(line(full, value * scale, { ...common, quantile }))
    }
    lines.push(line(`${full}_sum`, mean * count * scale, common), line(`${full}_count`, count, common))
  }
  return `${lines.join('\n')}\n`
}
