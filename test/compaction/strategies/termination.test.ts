// Whatever the tree looks like, each strategy comes to an end, and each of its plans is one that may be carried out.

import { describe, expect, test } from 'vitest'
import { overlapDepth } from '#src/compaction/strategies/depth.js'
import { spaceAmplification } from '#src/compaction/strategies/space.js'
import { strategyOf } from '#src/compaction/strategies/strategy.js'
import { type CompactionOptions, resolveCompactionOptions } from '#src/options-compaction.js'
import { validatePlan } from '#src/version/version.js'
import { below, forSeeds } from '../../version/support.js'
import { keysFrom, ModelTree, rowBytes } from './model.js'

const flushRows = 50
const small: CompactionOptions = { flushBytes: flushRows * rowBytes, targetFileBytes: 4096, jobBytesMax: 8192 }
const bounded: CompactionOptions = small
const unbounded: CompactionOptions = { ...small, jobBytesMax: 2 ** 40 }

const strategies: Readonly<Record<string, CompactionOptions>> = {
  leveled: { strategy: 'leveled', levelRatio: 3 },
  'leveled by rows': { strategy: 'leveled', level0RunsMax: 1, levelRatio: 2, levelRowsBase: 70 },
  'size-tiered': { strategy: 'size-tiered' },
  'size-tiered, two runs': { strategy: 'size-tiered', runsMin: 2, sizeRatio: 3 },
  L4: { strategy: 'unified', scaling: 'L4' },
  L10: { strategy: 'unified', scaling: 'L10' },
  T4: { strategy: 'unified', scaling: 'T4' },
  N: { strategy: 'unified', scaling: 'N' },
  'T4 T4 L10': { strategy: 'unified', scaling: ['T4', 'T4', 'L10'] },
}

/** Runs of random levels, widths and numbers of files; some of their keys are deleted. */
function randomTree(random: () => number): ModelTree {
  const tree = new ModelTree(1 + below(random, 60), random() < 0.8)
  for (let run = below(random, 12); run > 0; run--) {
    const step = 1 + below(random, 4)
    const keys = keysFrom(below(random, 300), 1 + below(random, 200), step)
    const files: number[][] = []
    while (keys.length > 0) files.push(keys.splice(0, 1 + below(random, 60)))
    tree.add(below(random, 7), files)
  }
  for (let flush = below(random, 8); flush > 0; flush--) {
    const share = random() < 0.4 ? random() : 0
    const keys = Array.from({ length: 1 + below(random, 80) }, () => below(random, 600))
    tree.flush(keys, () => random() < share)
  }
  return tree
}

/** Applies plans until there is none; answers how many there were. */
function settle(tree: ModelTree, options: CompactionOptions, most: number): number {
  const strategy = strategyOf(resolveCompactionOptions(options))
  for (let plans = 0; ; plans++) {
    const plan = strategy(tree.version, new Set())
    if (plan === undefined) return plans
    if (plans >= most) throw new Error(`no end after ${most} plans; the next: ${plan.reason}`)
    tree.apply(plan)
  }
}

describe.each(Object.entries(strategies))('%s', (_, own) => {
  test('ends from any tree, never reorders versions, and keeps every row', async () => {
    await forSeeds(60, (random) => {
      const tree = randomTree(random)
      tree.snapshot = random() < 0.2
      // Each plan takes at least a row further down, by a run or by a level; here there are no more than twenty.
      const rows = tree.version.allTables().reduce((sum, table) => sum + table.rows, 0)
      settle(tree, { ...(random() < 0.5 ? bounded : unbounded), ...own }, 20 + 20 * rows)
      expect(tree.read()).toEqual(tree.expected())
    })
  })

  test('plans nothing with busy tables', async () => {
    await forSeeds(60, (random) => {
      const tree = randomTree(random)
      const strategy = strategyOf(resolveCompactionOptions({ ...bounded, ...own }))
      const busy = new Set<number>()
      // Each job stays under way: what it takes in is busy for the next plan.
      for (let plan = strategy(tree.version, busy); plan !== undefined; plan = strategy(tree.version, busy)) {
        validatePlan(tree.version, plan.inputs, plan.output)
        for (const { number } of plan.inputs) {
          expect(busy.has(number), plan.reason).toBe(false)
          busy.add(number)
        }
      }
    })
  })

  test('is idle again and again while it is written to, and then reads few runs', async () => {
    await forSeeds(4, (random) => {
      const tree = new ModelTree()
      for (let flush = 0; flush < 80; flush++) {
        const keys = Array.from({ length: flushRows }, () => below(random, 6000))
        tree.flush(keys, (key) => key % 9 === flush % 9)
        settle(tree, { ...unbounded, ...own }, 100)
        expect(overlapDepth(tree.version)).toBeLessThanOrEqual(20)
      }
      expect(tree.read()).toEqual(tree.expected())
    })
  })

  test('ten rounds of overwriting settle at one and a half clean copies at most', async () => {
    await forSeeds(3, (random) => {
      const tree = new ModelTree(200)
      const count = 1000
      for (let round = 0; round < 10; round++) {
        const keys = keysFrom(0, count).sort(() => random() - 0.5)
        while (keys.length > 0) {
          tree.flush(keys.splice(0, flushRows))
          settle(tree, { ...unbounded, ...own }, 100)
        }
      }
      expect(tree.bytes).toBeLessThanOrEqual(1.5 * count * rowBytes)
    })
  })

  test('mere inserts are never taken for garbage', () => {
    const tree = new ModelTree(200)
    for (let flush = 0; flush < 60; flush++) {
      // Interleaved, so that runs overlap but share no key.
      tree.flush(keysFrom(flush, 60, 64))
      expect(spaceAmplification(tree.version)).toBe(1)
    }
  })

  test('what was deleted is gone from the disk', () => {
    const tree = new ModelTree(200)
    for (let from = 0; from < 1000; from += flushRows) tree.flush(keysFrom(from, flushRows))
    settle(tree, { ...unbounded, ...own }, 100)
    for (let from = 0; from < 1000; from += flushRows) {
      tree.flush(keysFrom(from, flushRows), () => true)
      settle(tree, { ...unbounded, ...own }, 100)
    }
    expect(tree.bytes).toBe(0)
  })
})
