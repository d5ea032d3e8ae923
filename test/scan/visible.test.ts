import { expect, test } from 'vitest'
import { visibleVersions } from '#src/scan/visible.js'
import {
  contentOf, contentOfVersions, cut, drain, drainSync, keyOf, ListSource, property, type Random, randomWorld,
  sortVersions, type Version, type World,
} from './support.js' // biome-ignore format: a list

function randomVersions(random: Random, { row, schema }: World, versionsMax: number): Version[] {
  const versions: Version[] = []
  const seen = new Set<string>()
  let seq = 0
  for (let i = 0; i < 1 + random.below(60); i++) {
    const first = row(random)
    const key = keyOf(schema, first).join()
    if (seen.has(key)) continue
    seen.add(key)
    const count = 1 + random.below(versionsMax)
    for (let v = 0; v < count; v++) {
      const other = row(random)
      for (const index of schema.key) {
        const { name } = schema.columns[index]!
        Object.defineProperty(other, name, { value: first[name] })
      }
      versions.push({
        row: other,
        seq: count === 1 && random.chance(0.3) ? 0 : ++seq,
        deleted: random.chance(0.2),
      })
    }
  }
  return versions
}

property(
  'of each key the newest version at or below the read survives, tombstones too',
  200,
  async (random) => {
    const world = randomWorld(random)
    const { schema, all } = world
    const reverse = random.chance(0.5)
    const versions = sortVersions(schema, randomVersions(random, world, random.pick([1, 2, 8])), reverse)
    const seq = random.below(versions.length + 2)
    const seen = new Set<string>()
    const expected = versions.filter((version) => {
      const key = keyOf(schema, version.row).join()
      if (version.seq > seq || seen.has(key)) return false
      seen.add(key)
      return true
    })
    const batches = cut(random, schema, all, versions, random.pick([1, 3, 30]))
    const source = new ListSource(batches, () => random.chance(0.3))
    const result = await drain(visibleVersions(source, schema.key, seq))
    expect(result.flatMap((batch) => contentOf(schema, all, batch))).toEqual(
      contentOfVersions(schema, all, expected),
    )
  },
)

property('with one version per key only its number counts', 50, (random) => {
  const world = randomWorld(random)
  const { schema, all } = world
  const versions = sortVersions(schema, randomVersions(random, world, 1))
  const maxSeq = Math.max(...versions.map(({ seq }) => seq))
  const source = new ListSource(cut(random, schema, all, versions))
  expect(visibleVersions(source, schema.key, maxSeq, { oneVersionPerKey: true, maxSeq })).toBe(source)
  const older = drainSync(visibleVersions(source, schema.key, maxSeq - 1, { oneVersionPerKey: true, maxSeq }))
  expect(older.flatMap((batch) => contentOf(schema, all, batch))).toEqual(
    contentOfVersions(
      schema,
      all,
      versions.filter(({ seq }) => seq < maxSeq),
    ),
  )
})

test('many versions of one key over many batches show one row', () => {
  const batch = (seqs: number[]) => ({
    rows: seqs.length,
    columns: [
      {
        layout: 'int32',
        length: seqs.length,
        values: new Int32Array(seqs.length),
        offsets: undefined,
        valid: undefined,
      } as const,
    ],
    seq: Float64Array.from(seqs),
    deleted: undefined,
  })
  const source = () => new ListSource([batch([9, 8]), batch([7]), batch([6, 5, 4]), batch([3])])
  for (const seq of [10, 9, 8, 7, 6, 5, 4, 3]) {
    const [only, ...none] = drainSync(visibleVersions(source(), [0], seq))
    expect([...only!.seq]).toEqual([Math.min(seq, 9)])
    expect(none).toEqual([])
  }
  expect(drainSync(visibleVersions(source(), [0], 2))).toEqual([])
})
