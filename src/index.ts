// What the package exports.

export { Database } from './database.js'
export type { CheckpointOptions, CheckpointProgress, CheckpointResult } from './database-checkpoint.js'
export type { VerifyOptions, VerifyProblem, VerifyProgress, VerifyReport } from './database-scrub.js'
export type { Diagnostic } from './diagnostics.js'
export { type ErrorCode, isMarquetryError, MarquetryError } from './errors.js'
export type { ExternalDialect, ExternalViewOptions } from './external-view.js'
export { type Column, type ColumnType, type Json, type Kind, t } from './format/column.js'
export type * from './format/row-types.js'
export type { ColumnJson, SchemaJson } from './format/schema.js'
export type { FileHandle, FileLock, FileStat, FileSystem, OpenMode } from './fs/file-system.js'
export { inferSchema } from './infer-schema.js'
export type { CacheMetrics, Metrics } from './metrics.js'
export { open } from './open.js'
export {
  type Compression,
  type MemtableKind,
  memtableKinds,
  type OpenOptions,
  type Preset,
  type TableOptions,
  type WalMode,
} from './options.js'
export type { CompactionOptions, CompactionStrategyName, Scaling } from './options-compaction.js'
export { type PrometheusOptions, prometheusText } from './prometheus.js'
export type { CompactOptions, CompactProgress } from './read-options.js'
export { type RepairOptions, repair } from './repair.js'
export type { RepairAction, RepairReport } from './repair-report.js'
export type { WriteStreamOptions } from './row-streams.js'
export type {
  MemtableExplanation,
  RowGroupExplanation,
  ScanExplanation,
  ScanReadings,
  SectionExplanation,
  SkippedTable,
  TableExplanation,
} from './scan/explanation.js'
export type { SidecarCounts, SidecarStats } from './sstable/reader-host.js'
export { Table } from './table.js'
export type { Scan } from './table-scan.js'
export type { ExportTarget, NodeWritable, WebWritable } from './transfer/byte-output.js'
export type { ImportSource } from './transfer/byte-stream.js'
export type { Format } from './transfer/formats.js'
export type { ImportLimits } from './transfer/import-limits.js'
export type {
  ExportOptions,
  ExportProgress,
  ExportResult,
  ImportOptions,
  ImportProgress,
  ImportResult,
  InferOptions,
  InferredSchema,
} from './transfer/transfer-options.js'
export type {
  BackgroundErrorEvent,
  CompactionEvent,
  Events,
  FlushEvent,
  StallEvent,
} from './tree/environment.js'
export type { Counters, FilterCounters, Latencies } from './tree/tree-metrics.js'
export type { CompactionStats, LiveFile, Sizes, TableStats } from './tree/tree-stats.js'
export type { HistogramSummary } from './util/histogram.js'
export type { LevelTotals } from './version/version.js'
export { and, not, or } from './where.js'
