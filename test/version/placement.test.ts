import { describe, expect, test } from 'vitest'
import type { SSTableMeta } from '#src/format/sstable-meta.js'
import { AssertionError } from '#src/util/assert.js'
import { type PlanOutput, placeOutput, type SortedRun, Version, validatePlan } from '#src/version/version.js'
import { below, forSeeds, keyNumber, show, table } from './support.js'

/** Runs written as `a-b c-d | e-f`; tables are numbered and runs named from 1 on, in the order of writing. */
function versionOf(text: string): Version {
  let number = 0
  const runs = text.split('|').map((part, index): SortedRun => {
    const tables = part.trim().split(/\s+/)
    return {
      id: index + 1,
      level: index,
      tables: tables.map((bounds) => {
        const [from = 0, to = 0] = bounds.split('-').map(Number)
        return table(++number, from, to)
      }),
    }
  })
  return new Version(runs)
}

const inputsOf = (version: Version, numbers: readonly number[]) =>
  version.allTables().filter(({ number }) => numbers.includes(number))

describe('the place of an output', () => {
  const version = versionOf('0-9 | 0-4 6-9 | 2-3 20-29')
  const place = (numbers: number[], output: PlanOutput) =>
    placeOutput(version, inputsOf(version, numbers), output, 7)

  test('a flush goes to the front', () => {
    expect(place([], { level: 0 })).toEqual({ id: 7, level: 0 })
  })
  test('a new run goes behind the oldest run it takes from', () => {
    expect(place([1], { level: 1 })).toEqual({ id: 7, level: 1, behind: 1 })
    expect(place([1, 2, 3], { level: 1 })).toEqual({ id: 7, level: 1, behind: 2 })
    expect(place([1, 2, 3, 4], { level: 1 })).toEqual({ id: 7, level: 1, behind: 3 })
  })
  test('a run that is there is named', () => {
    expect(place([2, 4], { runId: 3, level: 2 })).toEqual({ id: 3, level: 2 })
  })
  test('a plan for a run that is not there is refused', () => {
    expect(() => place([2, 4], { runId: 8, level: 2 })).toThrow(AssertionError)
  })
  test('a plan with inputs from elsewhere is refused', () => {
    expect(() => placeOutput(version, [table(99, 0, 1)], { level: 1 }, 7)).toThrow(AssertionError)
  })
})

describe('scenarios', () => {
  const cases: readonly (readonly [string, string, number[], PlanOutput, boolean])[] = [
    ['a table that meets nothing below moves', '0-3 5-9 | 5-9', [1], { runId: 2, level: 1 }, true],
    ['a table that meets one below does not', '0-3 5-9 | 3-4', [1], { runId: 2, level: 1 }, false],
    ['it may be merged with that one', '0-3 5-9 | 3-4', [1, 3], { runId: 2, level: 1 }, true],
    ['neighbours of the newest input stay', '0-3 5-9 | 2-6', [1, 3], { runId: 2, level: 1 }, true],
    ['a run between is not passed', '0-9 | 4-4 | 0-9', [1, 3], { runId: 3, level: 2 }, false],
    ['a run between that misses the range is', '0-3 | 4-4 | 0-3', [1, 3], { runId: 3, level: 2 }, true],
    ['bounds are inclusive', '0-4 | 4-4 | 0-3', [1, 3], { runId: 3, level: 2 }, false],
    ['an output may span a gap of its run', '0-1 8-9 | 4-5', [1, 2], { runId: 2, level: 1 }, false],
    ['also of its only run', '0-1 4-5 8-9', [1, 3], { runId: 1, level: 0 }, false],
    ['but a new run may span it', '0-1 4-5 8-9', [1, 3], { level: 1 }, true],
    ['a new run does not pass what is left', '0-9 | 0-1 4-5', [1, 2], { level: 1 }, false],
    ['nothing goes up', '0-1 | 5-6', [1, 2], { runId: 1, level: 0 }, false],
  ]
  for (const [what, text, numbers, output, allowed] of cases) {
    test(`${what}: ${allowed ? 'allowed' : 'refused'}`, () => {
      const version = versionOf(text)
      const validate = () => validatePlan(version, inputsOf(version, numbers), output)
      if (allowed) validate()
      else expect(validate).toThrow(AssertionError)
    })
  }
})

function randomVersion(random: () => number, keys: number): Version {
  const runs: SortedRun[] = []
  let number = 0
  for (let id = 1; id <= 1 + below(random, 5); id++) {
    const tables: SSTableMeta[] = []
    for (let at = below(random, 5); at < keys; ) {
      const to = Math.min(at + below(random, 4), keys - 1)
      if (random() < 0.6) tables.push(table(++number, at, to))
      at = to + 1
    }
    if (tables.length > 0) runs.push({ id, level: below(random, 3), tables })
  }
  return new Version(runs)
}

const has = ({ minKey, maxKey }: SSTableMeta, k: number) => keyNumber(minKey) <= k && k <= keyNumber(maxKey)

/**
 * The rule, key by key: within the span of the inputs' keys, no table that is no input has the key and lies behind
 * the newest input's run, down to and with the output's place; nor in the output's own run.
 */
function allowedByRule(
  version: Version,
  inputs: readonly SSTableMeta[],
  output: PlanOutput,
  keys: number,
): boolean {
  const depths = inputs.map((input) => version.runs.findIndex(({ tables }) => tables.includes(input)))
  const target =
    output.runId === undefined ? Math.max(...depths) : version.runs.findIndex(({ id }) => id === output.runId)
  if (target < Math.max(...depths)) return false
  const touched = Array.from({ length: keys }, (_, k) => k).filter((k) => inputs.some((input) => has(input, k)))
  for (let k = touched[0]!; k <= touched[touched.length - 1]!; k++) {
    for (const [depth, { id, tables }] of version.runs.entries()) {
      const matters = (depth > Math.min(...depths) && depth <= target) || id === output.runId
      if (matters && tables.some((other) => !inputs.includes(other) && has(other, k))) return false
    }
  }
  return true
}

/** Whether, in the worst case (every table has every key of its bounds), some key's versions would change their order. */
function reorders(version: Version, inputs: readonly SSTableMeta[], output: PlanOutput, keys: number): boolean {
  const place = placeOutput(version, inputs, output, 100)
  const outputTable = -1
  for (let k = 0; k < keys; k++) {
    const order = version.runs.map(({ tables }) => tables.filter((other) => has(other, k)))
    const before = order.flat()
    const after: (SSTableMeta | typeof outputTable)[] = []
    version.runs.forEach(({ id }, depth) => {
      after.push(...order[depth]!.filter((other) => !inputs.includes(other)))
      if (id === place.id || id === place.behind) after.push(outputTable)
    })
    for (const [at, input] of before.entries()) {
      if (!inputs.includes(input)) continue
      for (const [otherAt, other] of before.entries()) {
        if (inputs.includes(other)) continue
        if (at < otherAt !== after.indexOf(outputTable) < after.indexOf(other)) return true
      }
    }
  }
  return false
}

test('random plans: allowed exactly by the rule, and what is allowed reorders nothing', async () => {
  const keys = 16
  const counts = { allowed: 0, refused: 0 }
  await forSeeds(4000, (random) => {
    const version = randomVersion(random, keys)
    const share = random()
    const inputs = version.allTables().filter(() => random() < share)
    if (inputs.length === 0) return
    const target = version.runs[below(random, version.runs.length)]!
    const output = random() < 0.5 ? { level: 1 } : { runId: target.id, level: target.level }
    const allowed = allowedByRule(version, inputs, output, keys)
    const text = `${show(version.runs)}: ${inputs.map(({ number }) => number)} to ${JSON.stringify(output)}`
    let refusal: unknown
    try {
      validatePlan(version, inputs, output)
    } catch (error) {
      refusal = error
      expect(error).toBeInstanceOf(AssertionError)
    }
    expect(refusal === undefined, text).toBe(allowed)
    if (allowed) expect(reorders(version, inputs, output, keys), text).toBe(false)
    counts[allowed ? 'allowed' : 'refused']++
  })
  if (process.env['MARQUETRY_SEED'] !== undefined) return
  expect(Math.min(counts.allowed, counts.refused)).toBeGreaterThan(100)
})
