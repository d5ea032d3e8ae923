// Options of compaction: what they resolve to, and what is refused by its full name.

import { describe, expect, test } from 'vitest'
import { resolveTableOptions } from '#src/options.js'
import { type CompactionOptions, resolveCompactionOptions } from '#src/options-compaction.js'

const mebibyte = 2 ** 20

const leveled = {
  strategy: 'leveled',
  targetFileBytes: 64 * mebibyte,
  spaceAmplificationMax: 1.3,
  tombstoneShareMax: 0.5,
  jobBytesMax: 1600 * mebibyte,
  flushBytes: 16 * mebibyte,
  level0RunsMax: 4,
  levelRatio: 10,
  levelBytesBase: 64 * mebibyte,
  levelRowsBase: Number.POSITIVE_INFINITY,
}

describe('what is not given', () => {
  test('is the default', () => {
    expect(resolveCompactionOptions({})).toEqual(leveled)
    expect(resolveTableOptions({}, {}).compaction).toEqual(leveled)
  })

  test('follows from the size of memtables', () => {
    const { compaction } = resolveTableOptions({ memtableBytes: 4 * mebibyte }, {})
    expect(compaction).toMatchObject({
      flushBytes: mebibyte,
      targetFileBytes: 4 * mebibyte,
      levelBytesBase: 4 * mebibyte,
    })
    expect(resolveTableOptions({ memtableRows: 1000 }, {}).compaction.flushBytes).toBe(32_000)
  })

  test('is taken from the database, as far as the strategy is the same', () => {
    const database = { compaction: { levelRatio: 7, targetFileBytes: 2 * mebibyte, level0RunsMax: 2 } }
    const same = resolveTableOptions({ compaction: { level0RunsMax: 3 } }, database).compaction
    expect(same).toMatchObject({
      strategy: 'leveled',
      levelRatio: 7,
      targetFileBytes: 2 * mebibyte,
      level0RunsMax: 3,
    })
    const other = resolveTableOptions(
      { compaction: { strategy: 'unified', scaling: 'L4' } },
      database,
    ).compaction
    expect(other).toMatchObject({ strategy: 'unified', scaling: ['L4'], targetFileBytes: 2 * mebibyte })
    expect(other).not.toHaveProperty('levelRatio')
    const ownPart = resolveTableOptions(
      { compaction: { scaling: ['T4', 'L10'] } },
      { compaction: { strategy: 'unified' } },
    )
    expect(ownPart.compaction).toMatchObject({ strategy: 'unified', scaling: ['T4', 'L10'] })
  })

  test('is the preset’s, unless compaction is given beside it', () => {
    const tiered = { strategy: 'unified', scaling: ['T8', 'T4'], flushBytes: 2 * mebibyte }
    const preset = 'high-performance'
    expect(resolveTableOptions({ preset }, {}).compaction).toMatchObject(tiered)
    expect(resolveTableOptions({}, { preset }).compaction).toMatchObject(tiered)
    const own = { compaction: { level0RunsMax: 2 } }
    expect(resolveTableOptions({ preset, ...own }, {}).compaction).toMatchObject({
      strategy: 'leveled',
      level0RunsMax: 2,
    })
    const target = { compaction: { targetFileBytes: 3 * mebibyte } }
    expect(resolveTableOptions(target, { preset }).compaction).toMatchObject({
      ...tiered,
      targetFileBytes: 3 * mebibyte,
    })
  })

  test('is taken from complete options, as when the strategy of a table changes', () => {
    const tiered = resolveCompactionOptions(
      { strategy: 'size-tiered', runsMin: 5 },
      leveled as CompactionOptions,
    )
    expect(tiered).toMatchObject({
      strategy: 'size-tiered',
      runsMin: 5,
      sizeRatio: 2,
      jobBytesMax: 1600 * mebibyte,
    })
    expect(resolveCompactionOptions({ targetFileBytes: 2 ** 30 }, tiered).jobBytesMax).toBe(2 ** 31)
  })
})

test('what is given stays the caller’s: a later change of its list changes nothing', () => {
  const scaling: ('T4' | 'L10')[] = ['T4', 'L10']
  const resolved = resolveCompactionOptions({ strategy: 'unified', scaling })
  scaling.push('T4')
  expect(resolved).toMatchObject({ scaling: ['T4', 'L10'] })
})

describe('refused by name', () => {
  const cases: readonly (readonly [option: string, says: string, options: unknown])[] = [
    ['compaction', 'object', null],
    ['compaction', 'object', 'leveled'],
    ['compaction.strategy', 'must be one of', { strategy: 'lazy' }],
    ['compaction.strategy', 'must be one of', { strategy: 'constructor' }],
    ['compaction.strategy', 'must be one of', { strategy: null }],
    ['compaction.scaling', 'belongs to the strategy unified, not to leveled', { scaling: 'T4' }],
    ['compaction.levelRatio', 'belongs to the strategy leveled', { strategy: 'unified', levelRatio: 4 }],
    ['compaction.runsMin', 'belongs to the strategy size-tiered', { strategy: 'unified', runsMin: 4 }],
    ['compaction.ratio', 'is not known', { ratio: 4 }],
    ['compaction.constructor', 'is not known', { constructor: 4 }],
    ['compaction.levelRatio', 'from 2 to 100', { levelRatio: 1 }],
    ['compaction.levelRatio', 'from 2 to 100', { levelRatio: '4' }],
    ['compaction.level0RunsMax', 'integer', { level0RunsMax: 2.5 }],
    ['compaction.level0RunsMax', 'from 1', { level0RunsMax: Number.NaN }],
    ['compaction.levelBytesBase', 'from 1', { levelBytesBase: Infinity }],
    ['compaction.spaceAmplificationMax', 'from 1.01', { spaceAmplificationMax: 1 }],
    ['compaction.tombstoneShareMax', 'from 0.01 to 1', { tombstoneShareMax: 50 }],
    ['compaction.sizeRatio', 'from 1.1', { strategy: 'size-tiered', sizeRatio: 1 }],
    ['compaction.jobBytesMax', 'two files of 8192', { jobBytesMax: 10_000, targetFileBytes: 8192 }],
    ...['T1', 'L101', 'L', '', 'M4', 't4', 'T4.5', 'N2', 4, [], ['T4', 5], null, {}].map(
      (scaling) => ['compaction.scaling', 'must', { strategy: 'unified', scaling }] as const,
    ),
  ]
  test.each(cases)('%s: %s: %j', (option, says, options) => {
    const refusal = expect.objectContaining({
      code: 'MARQUETRY_INVALID_OPTION',
      option,
      message: expect.stringContaining(says),
    })
    expect(() => resolveCompactionOptions(options)).toThrow(refusal)
  })
})
