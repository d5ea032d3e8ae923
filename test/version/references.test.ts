import { expect, test } from 'vitest'
import { AssertionError } from '#src/util/assert.js'
import { type PinnedVersion, VersionSet } from '#src/version/references.js'
import { Version } from '#src/version/version.js'
import { forSeeds, table, Workload } from './support.js'

const versionOf = (...numbers: number[]) =>
  new Version(numbers.map((number) => ({ id: number, level: 0, tables: [table(number, 0, 9)] })))

function watched(version: Version): { set: VersionSet; obsolete: number[][] } {
  const obsolete: number[][] = []
  return { set: new VersionSet(version, (numbers) => obsolete.push([...numbers])), obsolete }
}

test('a table that leaves the current version is reported at once if nobody reads it', () => {
  const { set, obsolete } = watched(versionOf(1, 2, 3))
  set.install(versionOf(2, 4))
  expect(obsolete).toEqual([[1, 3]])
  expect(set.liveVersions).toBe(1)
})

test('a pinned version keeps its tables until its last reader releases it', () => {
  const { set, obsolete } = watched(versionOf(1, 2))
  const first = set.acquire()
  const second = set.acquire()
  set.install(versionOf(3))
  first.release()
  first.release()
  expect(obsolete).toEqual([])
  expect(second.version.allTables().map(({ number }) => number)).toEqual([1, 2])
  second.release()
  expect(obsolete).toEqual([[1, 2]])
})

test('a table that an older and the current version hold is not reported', () => {
  const { set, obsolete } = watched(versionOf(1, 2))
  const pin = set.acquire()
  set.install(versionOf(2, 3))
  pin.release()
  expect(obsolete).toEqual([[1]])
})

test('releasing the current version, or installing it again, reports nothing', () => {
  const { set, obsolete } = watched(versionOf(1))
  const pin = set.acquire()
  set.install(set.current)
  pin.release()
  set.acquire().release()
  expect(obsolete).toEqual([])
  expect(set.liveVersions).toBe(1)
})

test('random readers and edits: a table is reported once, when the last live version that holds it goes', async () => {
  await forSeeds(40, (random) => {
    const workload = new Workload(random)
    const reported = new Set<number>()
    const seen = new Set<number>()
    const set = new VersionSet(workload.state.version, (numbers) => {
      for (const number of numbers) {
        expect(reported.has(number)).toBe(false)
        reported.add(number)
      }
    })
    const pins: PinnedVersion[] = []
    for (let i = 0; i < 150; i++) {
      if (random() < 0.4) pins.push(set.acquire())
      else if (random() < 0.5) pins.splice(workload.below(pins.length), 1)[0]?.release()
      else {
        workload.step()
        set.install(workload.state.version)
      }
      const live = new Set([set.current, ...pins.map(({ version }) => version)])
      const needed = new Set([...live].flatMap((version) => version.allTables().map(({ number }) => number)))
      for (const number of needed) seen.add(number)
      expect(set.liveVersions).toBe(live.size)
      expect([...reported].sort()).toEqual([...seen].filter((number) => !needed.has(number)).sort())
    }
  })
})

test('a listener that releases once more does no harm', () => {
  const obsolete: number[] = []
  const set: VersionSet = new VersionSet(versionOf(1), (numbers) => {
    obsolete.push(...numbers)
    pin.release()
    set.acquire().release()
  })
  const pin = set.acquire()
  set.install(versionOf(2))
  pin.release()
  expect(obsolete).toEqual([1])
  expect(() => set.install(versionOf(2))).not.toThrow(AssertionError)
})
