// The options of compaction: types, defaults, checks. Each strategy has options of its own; one that belongs to another
// strategy is refused rather than ignored, since it says that the caller expects something else to happen.

import { invalidOption } from './errors.js'

const mebibyte = 1024 * 1024

/**
 * How eagerly the unified strategy merges at one level. `T4` tiered: four runs gather, then they become one of the next
 * level. `L10` leveled: each run that comes is merged with the one that is there, until that is ten times bigger. `N`
 * is both `T2` and `L2`. The number is from 2 to 100.
 */
export type Scaling = 'N' | `${'L' | 'T'}${number}`

/** Names of the compaction strategies. `none`: merges are done by `table.compact` only. */
export const compactionStrategies = ['leveled', 'size-tiered', 'unified', 'none'] as const

/** Name of a compaction strategy. */
export type CompactionStrategyName = (typeof compactionStrategies)[number]

interface CommonOptions {
  /** Size at which an output ends and the next begins. Default: four flushes, at least 1 and at most 64 MiB. */
  readonly targetFileBytes: number
  /**
   * Rows stored for each live one, estimated, above which they are merged for the sake of space. Above 1; infinite: off.
   * Default 1.3.
   */
  readonly spaceAmplificationMax: number
  /** Share of tombstones in a file, above 0, above which it is merged with what lies below. 1: off. Default 0.5. */
  readonly tombstoneShareMax: number
  /**
   * Bytes that one merge takes in, about; what is bigger is done key range by key range. Always enough for one file and
   * what it overlaps. Default: 25 files.
   */
  readonly jobBytesMax: number
  /** Size of a flush on disk, about: the unit that levels are counted in. Default: a quarter of `memtableBytes`. */
  readonly flushBytes: number
}

interface LeveledOnly {
  /** Flushes that gather on level 0 before they are merged into level 1. Default 4. */
  readonly level0RunsMax: number
  /** How many times bigger each level is than the one before. Default 10. */
  readonly levelRatio: number
  /** Target size of level 1. Default: `level0RunsMax` flushes. */
  readonly levelBytesBase: number
  /** Target number of rows of level 1; whichever of both is reached first counts. Default: no limit. */
  readonly levelRowsBase: number
}

interface SizeTieredOnly {
  /** Neighbouring runs that must be of similar size before they are merged. Default 4. */
  readonly runsMin: number
  /** Similar: no more than this many times bigger than the biggest of the newer ones. Default 2. */
  readonly sizeRatio: number
}

interface UnifiedOnly {
  /** From level 0 on; the last is for all that follow. */
  readonly scaling: readonly Scaling[]
}

/** Options of the leveled strategy, complete. */
export type LeveledOptions = CommonOptions & LeveledOnly & { readonly strategy: 'leveled' }
/** Options of the size-tiered strategy, complete. */
export type SizeTieredOptions = CommonOptions & SizeTieredOnly & { readonly strategy: 'size-tiered' }
/** Options of the unified strategy, complete. */
export type UnifiedOptions = CommonOptions & UnifiedOnly & { readonly strategy: 'unified' }

/** Options without a strategy, complete. */
export type NoStrategyOptions = CommonOptions & { readonly strategy: 'none' }

/** Options of a strategy, complete. */
export type ResolvedCompactionOptions = LeveledOptions | SizeTieredOptions | UnifiedOptions | NoStrategyOptions

type Given<T> = { readonly [K in keyof T]?: T[K] | undefined }

/** How and when SSTables are merged. docs/compaction.md says when to take which strategy. */
export type CompactionOptions = Given<CommonOptions & LeveledOnly & SizeTieredOnly> & {
  /** Default `leveled`. */
  readonly strategy?: CompactionStrategyName | undefined
  /** `unified`: one for all levels, or one each from level 0 on, the last for all that follow. Default `T4`. */
  readonly scaling?: Scaling | readonly Scaling[] | undefined
}

type Check = (option: string, value: unknown) => void

function number(least: number, most: number, infinite = false): Check {
  return (option, value) => {
    if (infinite && value === Number.POSITIVE_INFINITY) return
    if (typeof value !== 'number' || !(value >= least && value <= most)) {
      throw invalidOption(option, `must be a number from ${least} to ${most}, not ${String(value)}`)
    }
  }
}

function integer(least: number, most: number, infinite = false): Check {
  const inRange = number(least, most, infinite)
  return (option, value) => {
    inRange(option, value)
    if (Number.isFinite(value) && !Number.isInteger(value))
      throw invalidOption(option, `must be an integer, not ${String(value)}`)
  }
}

const scalings: Check = (option, value) => {
  const list = Array.isArray(value) ? value : [value]
  if (list.length === 0) throw invalidOption(option, 'must name a scaling')
  for (const scaling of list) {
    if (typeof scaling !== 'string' || !/^(N|[LT]([2-9]|[1-9][0-9]|100))$/.test(scaling)) {
      throw invalidOption(option, `must be N, or L or T with a number from 2 to 100, not ${String(scaling)}`)
    }
  }
}

const bytes = integer(1, 2 ** 50)

const commonChecks: { readonly [K in keyof CommonOptions]: Check } = {
  targetFileBytes: integer(4096, 2 ** 40),
  spaceAmplificationMax: number(1.01, 1000, true),
  tombstoneShareMax: number(0.01, 1),
  jobBytesMax: bytes,
  flushBytes: bytes,
}

const ownChecks = {
  leveled: {
    level0RunsMax: integer(1, 1000),
    levelRatio: number(2, 100),
    levelBytesBase: bytes,
    levelRowsBase: integer(1, 2 ** 50, true),
  },
  'size-tiered': { runsMin: integer(2, 1000), sizeRatio: number(1.1, 100) },
  unified: { scaling: scalings },
  none: {},
} satisfies { readonly [S in CompactionStrategyName]: { readonly [name: string]: Check } }

/**
 * Complete options: what is given, else `defaults`, else what the defaults above say. Of `defaults`, which need no
 * strategy's being complete, those of another strategy are left aside; given ones are refused.
 * Throws MARQUETRY_INVALID_OPTION with the option's full name, such as `compaction.scaling`.
 */
export function resolveCompactionOptions(
  given: unknown,
  defaults: CompactionOptions = {},
): ResolvedCompactionOptions {
  if (typeof given !== 'object' || given === null) throw invalidOption('compaction', 'must be an object')
  const options = given as CompactionOptions
  const strategy = options.strategy !== undefined ? options.strategy : (defaults.strategy ?? 'leveled')
  if (!compactionStrategies.includes(strategy)) {
    const choices = compactionStrategies.join(', ')
    throw invalidOption('compaction.strategy', `must be one of ${choices}, not ${String(strategy)}`)
  }
  const checks: { readonly [name: string]: Check } = { ...commonChecks, ...ownChecks[strategy] }
  for (const [name, value] of Object.entries(options)) {
    if (name !== 'strategy' && value !== undefined) checkOne(checks, strategy, name, value)
  }
  const resolved = withDefaults(strategy, (name) => options[name] ?? defaults[name])
  const { targetFileBytes, jobBytesMax } = resolved
  if (jobBytesMax >= 2 * targetFileBytes) return resolved
  if (options.jobBytesMax === undefined) return { ...resolved, jobBytesMax: 2 * targetFileBytes }
  throw invalidOption('compaction.jobBytesMax', `must be at least two files of ${targetFileBytes} bytes`)
}

/**
 * A table's options: its own, else those that `open` was given. How much a flush writes is guessed from the memtable:
 * Parquet takes about a quarter of what rows take in memory with their index.
 */
export function resolveTableCompaction(
  given: CompactionOptions = {},
  database: CompactionOptions = {},
  memtable: { readonly memtableBytes: number; readonly memtableRows: number },
): ResolvedCompactionOptions {
  const rowBytes = 32
  const flushBytes = Math.ceil(Math.min(memtable.memtableBytes / 4, memtable.memtableRows * rowBytes))
  return resolveCompactionOptions(given, { ...database, flushBytes: database.flushBytes ?? flushBytes })
}

function checkOne(
  checks: { readonly [name: string]: Check },
  strategy: CompactionStrategyName,
  name: string,
  value: unknown,
): void {
  const option = `compaction.${name}`
  if (Object.hasOwn(checks, name)) {
    checks[name]?.(option, value)
    return
  }
  const owner = compactionStrategies.find((other) => Object.hasOwn(ownChecks[other], name))
  throw invalidOption(
    option,
    owner === undefined ? 'is not known' : `belongs to the strategy ${owner}, not to ${strategy}`,
  )
}

function withDefaults(
  strategy: CompactionStrategyName,
  value: <K extends keyof CompactionOptions>(name: K) => CompactionOptions[K],
): ResolvedCompactionOptions {
  const flushBytes = value('flushBytes') ?? 16 * mebibyte
  const targetFileBytes =
    value('targetFileBytes') ?? Math.min(Math.max(4 * flushBytes, mebibyte), 64 * mebibyte)
  const common: CommonOptions = {
    targetFileBytes,
    spaceAmplificationMax: value('spaceAmplificationMax') ?? 1.3,
    tombstoneShareMax: value('tombstoneShareMax') ?? 0.5,
    jobBytesMax: value('jobBytesMax') ?? 25 * targetFileBytes,
    flushBytes,
  }
  if (strategy === 'leveled') {
    const level0RunsMax = value('level0RunsMax') ?? 4
    return {
      strategy,
      ...common,
      level0RunsMax,
      levelRatio: value('levelRatio') ?? 10,
      levelBytesBase: value('levelBytesBase') ?? level0RunsMax * flushBytes,
      levelRowsBase: value('levelRowsBase') ?? Number.POSITIVE_INFINITY,
    }
  }
  if (strategy === 'none') return { strategy, ...common }
  if (strategy === 'size-tiered') {
    return { strategy, ...common, runsMin: value('runsMin') ?? 4, sizeRatio: value('sizeRatio') ?? 2 }
  }
  const scaling = value('scaling') ?? 'T4'
  return { strategy, ...common, scaling: typeof scaling === 'string' ? [scaling] : [...scaling] }
}
