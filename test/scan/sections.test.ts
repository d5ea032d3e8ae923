// Sections against a plain count: for every key of a small space, the pieces that may hold it.

import { describe, expect, test } from 'vitest'
import { planSection } from '#src/scan/section-plan.js'
import { type Extent, type Section, sections } from '#src/scan/sections.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { testSeed } from '../test-seed.js'

const keySpace = 16

const bytes = (key: number | undefined) => (key === undefined ? undefined : Uint8Array.of(key))

/** `newer: 2-5 7-9` in order of age: a source per line, its extents half-open. */
function drawn(lines: readonly string[]): Extent<string>[][] {
  return lines.map((line, source) =>
    line.split(' ').map((extent) => {
      const [from, to] = extent.split('-').map((bound) => (bound === '' ? undefined : Number(bound)))
      return { gte: bytes(from), lt: bytes(to), data: `${source}:${extent}` }
    }),
  )
}

const text = ({ range: { gte, lt }, parts }: Section<string>) => `${gte ?? ''}-${lt ?? ''} ${parts.join(' ')}`

describe('sections', () => {
  test('begin and end where a piece does, newest piece first', () => {
    const sources = drawn(['3-6', '0-4 8-9', '2-9'])
    expect([...sections(sources, { gte: undefined, lt: undefined }, false)].map(text)).toEqual([
      '0-2 1:0-4',
      '2-3 1:0-4 2:2-9',
      '3-4 0:3-6 1:0-4 2:2-9',
      '4-6 0:3-6 2:2-9',
      '6-8 2:2-9',
      '8-9 1:8-9 2:2-9',
    ])
  })

  test('are made no sooner than they are asked for', () => {
    let looked = 0
    const extents = new Proxy(drawn(['0-1 1-2 2-3 3-4 4-5'])[0]!, {
      get: (target, name) => {
        if (typeof name === 'string' && /^\d+$/.test(name)) looked = Math.max(looked, Number(name))
        return Reflect.get(target, name)
      },
    })
    expect(sections([extents], { gte: undefined, lt: undefined }, false).next().done).toBe(false)
    expect(looked).toBe(0)
  })

  test('hold, for each key, the pieces that may have it, in either direction', () => {
    const seed = testSeed
    const random = seededRandom(seed)
    const below = (n: number) => Math.floor(random() * n)
    for (let round = 0; round < 2000; round++) {
      const sources = Array.from({ length: below(4) }, (_, source) => {
        const extents: Extent<string>[] = []
        for (let at = below(6); at < keySpace; ) {
          const to = at + 1 + below(6)
          const isOpen = below(8) === 0
          extents.push({
            gte: isOpen && extents.length === 0 ? undefined : bytes(at),
            lt: bytes(to),
            data: `${source}:${at}`,
          })
          at = to + below(5)
        }
        return extents
      })
      const range = {
        gte: bytes(below(3) === 0 ? undefined : below(8)),
        lt: bytes(below(3) === 0 ? undefined : 8 + below(8)),
      }
      const reverse = below(2) === 0
      const found = [...sections(sources, range, reverse)]
      const within = (key: number, gte: Uint8Array | undefined, lt: Uint8Array | undefined) =>
        (gte === undefined || gte[0]! <= key) && (lt === undefined || key < lt[0]!)
      const message = `seed ${seed}, round ${round}`
      for (let key = 0; key < keySpace; key++) {
        const expected = within(key, range.gte, range.lt)
          ? sources.flatMap((extents) =>
              extents.filter(({ gte, lt }) => within(key, gte, lt)).map(({ data }) => data),
            )
          : []
        const holding = found.filter(({ range: { gte, lt } }) => within(key, gte, lt))
        expect(holding.length, message).toBe(expected.length === 0 ? 0 : 1)
        expect(holding[0]?.parts ?? [], message).toEqual(expected)
      }
      const starts = found.map(({ range: { gte } }) => gte?.[0] ?? -1)
      expect(starts, message).toEqual(starts.toSorted((a, b) => (reverse ? b - a : a - b)))
    }
  })
})

describe('the plan of a section', () => {
  const clean = { oneVersionPerKey: true, hasTombstones: false, maxSeq: 5 }

  test('streams a lone source of which every row counts', () => {
    const parts = [{ prunable: 'rows', needs: { seq: false, deleted: false } }]
    expect(planSection([clean], 5)).toEqual({ mode: 'stream', parts })
  })

  test.each([
    [
      'a key may have several versions',
      { ...clean, oneVersionPerKey: false },
      'row groups',
      { seq: true, deleted: false },
    ],
    ['versions are too new', { ...clean, maxSeq: 6 }, 'rows', { seq: true, deleted: false }],
    ['rows are tombstones', { ...clean, hasTombstones: true }, 'rows', { seq: false, deleted: true }],
  ])('looks at the versions of a lone source where %s', (_, facts, prunable, needs) => {
    expect(planSection([facts], 5)).toEqual({ mode: 'resolve', parts: [{ prunable, needs }] })
  })

  test('lets values prune the oldest source only', () => {
    const versions = { ...clean, oneVersionPerKey: false }
    const prunable = (sources: Parameters<typeof planSection>[0]) =>
      planSection(sources, 5).parts.map((part) => part.prunable)
    expect(prunable([clean, clean, clean])).toEqual(['nothing', 'nothing', 'rows'])
    expect(prunable([clean, versions])).toEqual(['nothing', 'row groups'])
  })
})
