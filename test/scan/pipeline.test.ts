import { expect, test } from 'vitest'
import { t } from '#src/format/column.js'
import { compileWhere } from '#src/format/predicate.js'
import { defineSchema } from '#src/format/schema.js'
import type { BatchSource } from '#src/format/source.js'
import { scanPipeline } from '#src/scan/pipeline.js'
import { limit, project } from '#src/scan/stages.js'
import { visibleVersions } from '#src/scan/visible.js'
import {
  batchOf, contentOf, contentOfVersions, cut, drain, drainSync, keyOf, ListSource, property, type Random,
  randomWorld, sortVersions, type Version, type World,
} from './support.js' // biome-ignore format: a list
import { randomWhere, truthOf, whereOf } from './where-model.js'

/** Sources newest first, as an engine has them: what is newer is in a newer source, whole histories of keys. */
function randomSources(random: Random, world: World): Version[][] {
  const keys = Array.from({ length: 1 + random.below(40) }, () => world.row(random))
  const sources = Array.from({ length: 1 + random.below(4) }, (): Version[] => [])
  let seq = 0
  for (const versions of [...sources].reverse()) {
    for (let i = random.below(60); i > 0; i--) {
      const row = world.row(random)
      const key = random.pick(keys)
      for (const index of world.schema.key) {
        const { name } = world.schema.columns[index]!
        Object.defineProperty(row, name, { value: key[name] })
      }
      versions.push({ row, seq: ++seq, deleted: random.chance(0.2) })
    }
  }
  return sources
}

/** What the scan must yield, said over all versions at once. */
function expectedRows(world: World, sources: readonly Version[][], seq: number, reverse: boolean): Version[] {
  const newest = new Map<string, Version>()
  for (const version of sources.flat()) {
    const key = keyOf(world.schema, version.row).join()
    const known = newest.get(key)
    if (version.seq <= seq && (known === undefined || known.seq < version.seq)) newest.set(key, version)
  }
  return sortVersions(
    world.schema,
    [...newest.values()].filter(({ deleted }) => !deleted),
    reverse,
  )
}

property('a scan yields the newest, live, wanted rows, in order', 400, async (random) => {
  const world = randomWorld(random)
  const { schema } = world
  const reverse = random.chance(0.5)
  const sources = randomSources(random, world)
  const seq = random.below(sources.flat().length + 2)
  const asked = random.chance(0.7) ? randomWhere(random, world) : undefined
  const predicate = asked && compileWhere(schema, whereOf(asked))
  const wanted = world.all.filter(() => random.chance(0.5))
  const projection = world.all.filter(
    (index) => schema.key.includes(index) || wanted.includes(index) || predicate?.columns.includes(index),
  )
  const keyPositions = schema.key.map((index) => projection.indexOf(index))
  const rows = random.pick([undefined, undefined, 0, 1, 3, 1_000])
  const late = random.pick([0, 0.3])
  const inputs = sources.map((versions) => {
    const sorted = sortVersions(schema, versions, reverse)
    return new ListSource(cut(random, schema, projection, sorted), () => random.chance(late))
  })
  const source = scanPipeline({
    sources: inputs.map((input) => visibleVersions(input, keyPositions, seq)),
    projection,
    keyPositions,
    reverse,
    predicate,
    project: wanted,
    limit: rows,
  })
  const expected = expectedRows(world, sources, seq, reverse)
    .filter(({ row }) => asked === undefined || truthOf(asked, row, world) === true)
    .slice(0, rows)
  const batches = late === 0 ? drainSync(source) : await drain(source)
  expect(batches.flatMap((batch) => contentOf(schema, wanted, batch))).toEqual(
    contentOfVersions(schema, wanted, expected),
  )
  source.close()
  expect(inputs.every(({ closed }) => closed > 0)).toBe(true)
})

const schema = defineSchema({ columns: { k: t.int32(), v: t.int32().nullable() }, key: ['k'] })
const versionsOf = (...rows: readonly (readonly [number, number | null, number, boolean?])[]) =>
  rows.map(([k, v, seq, deleted = false]): Version => ({ row: { k, v }, seq, deleted }))
const sourceOf = (...batches: readonly Version[][]) =>
  new ListSource(batches.map((versions) => batchOf(schema, [0, 1], versions)))

function scan(sources: readonly BatchSource[], where: unknown): unknown[] {
  const source = scanPipeline({
    sources: sources.map((input) => visibleVersions(input, [0], 100)),
    projection: [0, 1],
    keyPositions: [0],
    reverse: false,
    predicate: compileWhere(schema, where),
    project: [0, 1],
  })
  return drainSync(source).flatMap(({ columns }) => [...columns[0]!.values])
}

test('a filter that refuses the newest version does not let an older one reappear', () => {
  const newer = versionsOf([1, 0, 9])
  const older = versionsOf([1, 70, 5])
  expect(scan([sourceOf(newer), sourceOf(older)], { v: { gt: 60 } })).toEqual([])
  expect(scan([sourceOf([...newer, ...older])], { v: { gt: 60 } })).toEqual([])
  expect(scan([sourceOf(newer, older)], { v: { gt: 60 } })).toEqual([])
})

test('a tombstone hides older rows and never passes a filter itself', () => {
  const sources = () => [sourceOf(versionsOf([1, 0, 9, true])), sourceOf(versionsOf([1, 70, 5], [2, 70, 6]))]
  expect(scan(sources(), {})).toEqual([2])
  expect(scan(sources(), { v: { isNull: true } })).toEqual([])
})

test('a limit closes its input with the last row, before anyone asks for more', () => {
  const input = sourceOf(versionsOf([1, 1, 1], [2, 2, 2]), versionsOf([3, 3, 3]))
  const source = limit(input, 2)
  expect((source.next() as { rows: number }).rows).toBe(2)
  expect(input.closed).toBeGreaterThan(0)
  expect(source.next()).toBeUndefined()
  expect(input.asked).toBe(1)
  const none = sourceOf(versionsOf([1, 1, 1]))
  expect(limit(none, 0).next()).toBeUndefined()
  expect(none.closed).toBeGreaterThan(0)
  expect(none.asked).toBe(0)
})

test('a projection of everything adds no stage', () => {
  const input = sourceOf(versionsOf([1, 1, 1]))
  expect(project(input, [0, 1], [0, 1])).toBe(input)
  expect(drainSync(project(input, [0, 1], [1]))[0]!.columns.length).toBe(1)
})
