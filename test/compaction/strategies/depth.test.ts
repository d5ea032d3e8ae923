import { expect, test } from 'vitest'
import { normalDepth, overlapDepth } from '#src/compaction/strategies/depth.js'
import { strategyOf } from '#src/compaction/strategies/strategy.js'
import { type CompactionOptions, resolveCompactionOptions } from '#src/options-compaction.js'
import { Version } from '#src/version/version.js'
import { below, forSeeds, keyNumber } from '../../version/support.js'
import { readDrawing } from './drawing.js'
import { ModelTree, rowBytes } from './model.js'

const depthOf = (...lines: string[]) => overlapDepth(readDrawing(lines))

test('the depth is that of the worst key, both bounds of a table included', () => {
  expect(overlapDepth(Version.empty)).toBe(0)
  expect(depthOf('L0 aaa')).toBe(1)
  expect(depthOf('L0 aaa', 'L0    bbb')).toBe(1)
  expect(depthOf('L0 aaa', 'L0   bbb')).toBe(2)
  expect(depthOf('L0 aaa   bbb', 'L0  c     d', 'L1   eeeee')).toBe(2)
  expect(depthOf('L0 aaa   bbb', 'L0  cc    d', 'L1   eeeee')).toBe(3)
  expect(depthOf('L1 aaabbb', 'L1 cdefgh')).toBe(2)
})

test('a version of few runs is not looked at', () => {
  const version = readDrawing(['L0 aaa', 'L0    bbb', 'L0      ccc'])
  expect(overlapDepth(version, 2)).toBe(2)
  expect(overlapDepth(version, 3)).toBe(3)
})

test('the depth is what counting at every key finds', async () => {
  await forSeeds(100, (random) => {
    const tree = new ModelTree(3)
    for (let run = below(random, 8); run > 0; run--) {
      tree.add(1, [
        [below(random, 10), 10 + below(random, 5)],
        [20 + below(random, 9)],
        [30, 30 + below(random, 9)],
      ])
    }
    const counts = Array.from(
      { length: 50 },
      (_, key) =>
        tree.version
          .allTables()
          .filter(({ minKey, maxKey }) => keyNumber(minKey) <= key && key <= keyNumber(maxKey)).length,
    )
    expect(overlapDepth(tree.version)).toBe(Math.max(...counts))
  })
})

test.each<CompactionOptions>([
  { strategy: 'leveled' },
  { strategy: 'leveled', levelRatio: 3, level0RunsMax: 2 },
  { strategy: 'size-tiered' },
  { strategy: 'unified', scaling: 'T4' },
  { strategy: 'unified', scaling: 'L10' },
  { strategy: 'unified', scaling: ['T4', 'L10'] },
])('an idle tree has at most its normal depth: %o', async (own) => {
  await forSeeds(3, (random) => {
    const flushRows = 20
    const options = resolveCompactionOptions({
      flushBytes: flushRows * rowBytes,
      targetFileBytes: 4096,
      ...own,
    })
    const strategy = strategyOf(options)
    const tree = new ModelTree(400)
    for (let flush = 0; flush < 120; flush++) {
      tree.flush(Array.from({ length: flushRows }, () => below(random, 60_000)))
      for (let plan = strategy(tree.version, new Set()); plan !== undefined; ) {
        tree.apply(plan)
        plan = strategy(tree.version, new Set())
      }
      expect(overlapDepth(tree.version)).toBeLessThanOrEqual(normalDepth(options, tree.bytes))
    }
  })
})
