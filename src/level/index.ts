// What `marquetry/level` exports.

export { LevelError } from './level-error.js'
export {
  MarquetryLevel,
  type MarquetryLevelOpenOptions,
  type MarquetryLevelOptions,
  type StartEndOptions,
} from './marquetry-level.js'
export type { LevelChainedBatch, WriteOptions } from './writes.js'
