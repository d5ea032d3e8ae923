import { describe, expect, test } from 'vitest'
import { expectedWriteAmplification } from '#src/compaction/simulator/formula.js'
import { simulate } from '#src/compaction/simulator/simulate.js'
import { makeWorkload, type WorkloadSettings } from '#src/compaction/simulator/workload.js'
import { type CompactionOptions, resolveCompactionOptions, type Scaling } from '#src/options-compaction.js'

const rowBytes = 28
const mebibyte = 2 ** 20

/** A workload whose flushes have this size on disk, under a strategy. */
function play(own: CompactionOptions, flushBytes: number, settings: Partial<WorkloadSettings> = {}) {
  const flushRows = Math.floor(flushBytes / rowBytes)
  const workload = makeWorkload({ rows: 5e6, rowBytes, flushRows, distribution: 'uniform', ...settings })
  return simulate(workload, resolveCompactionOptions({ flushBytes, ...own }))
}

const unified = (...scaling: Scaling[]): CompactionOptions => ({ strategy: 'unified', scaling })

describe('the formula', () => {
  test('counts what can be counted by hand', () => {
    // Three flushes lie there unmerged; the fourth makes one run of four.
    expect(expectedWriteAmplification('T4', 3)).toBe(1)
    expect(expectedWriteAmplification('T4', 4)).toBe(2)
    expect(expectedWriteAmplification('T4', 16)).toBe(3)
    expect(expectedWriteAmplification('T4', 19)).toBe((16 * 3 + 3) / 19)
    // Level 0 of L10 ends at √10 flushes: merges of 2, 3 and 4, which then goes on.
    expect(expectedWriteAmplification('L10', 4)).toBe((4 + 2 + 3 + 4) / 4)
    expect(expectedWriteAmplification('L10', 8)).toBe((8 + 9 + 9 + 8) / 8)
    expect(expectedWriteAmplification('N', 4)).toBe(1 + (2 + 2 + 4) / 4)
    expect(expectedWriteAmplification(['T4', 'L10'], 8)).toBe((8 + 8 + 8) / 8)
  })

  test.each([
    ['L4', 8],
    ['L4', 4],
    ['L4', 1],
    ['L10', 8],
    ['L10', 4],
    ['L10', 1],
    ['T4', 8],
    ['T4', 4],
    ['T4', 1],
  ] as const)(
    'is within a quarter of the simulator for 5 M rows: %s, memtables of %i MiB',
    (scaling, mebibytes) => {
      const result = play(unified(scaling), (mebibytes * mebibyte) / 4)
      const ratio = result.writeAmplification / expectedWriteAmplification(scaling, result.flushes)
      expect(ratio).toBeGreaterThan(0.75)
      expect(ratio).toBeLessThan(1.25)
    },
  )

  test('is within a quarter also where flushes are a third bigger or smaller than thought', () => {
    for (const scaling of ['L4', 'L10', 'T4'] as const) {
      for (const factor of [0.75, 1.33]) {
        const flushBytes = mebibyte
        const flushRows = Math.floor((flushBytes * factor) / rowBytes)
        const result = play(unified(scaling), flushBytes, { flushRows })
        const ratio = result.writeAmplification / expectedWriteAmplification(scaling, result.flushes)
        expect(Math.abs(ratio - 1), `${scaling} ${factor}: ${ratio}`).toBeLessThan(0.25)
      }
    }
  })
})

describe('the simulator', () => {
  test('gives the same answer again', () => {
    const settings = { rows: 300_000, distribution: 'zipf' } as const
    expect(play({}, mebibyte, settings)).toEqual(play({}, mebibyte, settings))
  })

  test('merges nothing where keys ascend: every plan is a move', () => {
    for (const own of [{ strategy: 'leveled' }, { strategy: 'size-tiered' }, unified('L10')] as const) {
      const result = play(own, mebibyte, { distribution: 'ascending' })
      expect(result).toMatchObject({ writeAmplification: 1, compactions: 0, readAmplification: { most: 1 } })
      expect(result.moves).toBeGreaterThan(0)
    }
  })

  test.each<CompactionOptions>([
    { strategy: 'leveled' },
    { strategy: 'size-tiered' },
    unified('L10'),
    unified('T4'),
    unified('T4', 'T4', 'L10'),
  ])('keeps space near one clean copy where keys are overwritten: %o', (own) => {
    for (const distribution of ['overwrite', 'zipf'] as const) {
      const result = play(own, mebibyte / 2, { distribution })
      for (const { spaceAmplification } of result.points) expect(spaceAmplification).toBeLessThan(1.5)
      expect(result.levels.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(result.bytesFlushed)
    }
  })

  test('writes less where rows take fewer bytes among more keys, as much less as they do', () => {
    const [plain, saving] = [{}, { rowSaving: 1 }].map((more) => play(unified('T4'), mebibyte, more))
    expect(saving!.bytesFlushed).toBeCloseTo(plain!.bytesFlushed, -5)
    const bytesOf = (result: typeof plain) => result!.levels.reduce((sum, { bytes }) => sum + bytes, 0)
    const oldest = saving!.levels[saving!.levels.length - 1]!
    const doublings = Math.log2(oldest.rows / oldest.runs / (mebibyte / rowBytes))
    expect(doublings).toBeGreaterThan(3)
    expect(oldest.bytes / oldest.rows).toBeCloseTo(rowBytes - doublings, 0)
    expect(bytesOf(saving)).toBeLessThan(bytesOf(plain))
    const ascending = play(unified('T4'), mebibyte, { rowSaving: 1, distribution: 'ascending' })
    expect(ascending.bytesFlushed / 5e6).toBeCloseTo(rowBytes, 1)
  })

  test('tiers write least, levels read least, also of a thousand million rows', () => {
    const settings = { rows: 1e9 }
    const tiered = play(unified('T4'), 64 * mebibyte, settings)
    const leveled = play(unified('L10'), 64 * mebibyte, settings)
    expect(tiered.writeAmplification).toBeLessThan(leveled.writeAmplification)
    expect(tiered.readAmplification.mean).toBeGreaterThan(leveled.readAmplification.mean)
    expect(tiered.bytesFlushed / 1e9).toBeCloseTo(rowBytes, 0)
  })

  test('does not take hashes that repeat by chance for garbage, as they do among thousands of millions of keys', () => {
    const result = play(unified('T4'), 2048 * mebibyte, { rows: 8e9 })
    expect(result.writeAmplification).toBeLessThan(1.1 * expectedWriteAmplification('T4', result.flushes))
  })
})
