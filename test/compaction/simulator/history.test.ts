import { expect, test } from 'vitest'
import { ownWriteAmplification, parseHistory, replayWorkload } from '#src/compaction/simulator/history.js'
import { simulate } from '#src/compaction/simulator/simulate.js'
import { KeySampler, keySampleToJson } from '#src/format/key-sample.js'
import { resolveCompactionOptions } from '#src/options-compaction.js'
import { toBase64 } from '#src/util/bytes.js'
import { key } from '../../version/support.js'
import { hashOf, keysFrom } from '../strategies/model.js'

/** The line that an engine writes for a flush of these keys. */
function flushLine(keys: readonly number[], withSample = true): string {
  const sampler = new KeySampler()
  for (const one of keys) sampler.add(hashOf(one))
  return JSON.stringify({
    kind: 'flush',
    ms: 1,
    rows: keys.length,
    keys: keys.length,
    tombstones: 0,
    bytes: keys.length * 20,
    minKey: toBase64(key(Math.min(...keys))),
    maxKey: toBase64(key(Math.max(...keys))),
    ...(withSample ? { keySample: keySampleToJson(sampler.finish()) } : {}),
  })
}

const compaction = {
  kind: 'compaction',
  ms: 2,
  reason: 'L0 has 4 runs',
  bytesIn: 500,
  bytesOut: 400,
  rowsIn: 9,
  rowsOut: 8,
}
const textOf = (...lines: string[]) => `${lines.join('\n')}\n`

function play(text: string, flushBytes: number) {
  return simulate(
    replayWorkload(parseHistory(text)),
    resolveCompactionOptions({ strategy: 'unified', flushBytes }),
  )
}

test('a torn last line is left out, a bad one before is not', () => {
  const text = textOf(flushLine([1, 2]), JSON.stringify(compaction), '{"kind":"later"}')
  expect(parseHistory(text)).toMatchObject({ flushes: [{ rows: 2 }], compactions: [{ bytesOut: 400 }] })
  expect(parseHistory(`${text}{"kind":"flu`).flushes).toHaveLength(1)
  expect(() => parseHistory(`${text}{"kind":"flu\n`)).toThrow('line 4')
  expect(parseHistory('')).toEqual({ flushes: [], compactions: [] })
})

test('the engine’s own cost is what it noted down', () => {
  const text = textOf(flushLine(keysFrom(0, 20)), JSON.stringify(compaction), JSON.stringify(compaction))
  expect(ownWriteAmplification(parseHistory(text))).toBe(3)
})

test('a replay knows keys that come again from those that do not', () => {
  const again = textOf(...Array.from({ length: 40 }, () => flushLine(keysFrom(0, 4000))))
  const other = textOf(...Array.from({ length: 10 }, (_, i) => flushLine(keysFrom(i, 4000, 10))))
  const spaceOf = (text: string) => play(text, 80_000).levels.reduce((sum, { bytes }) => sum + bytes, 0)
  expect(spaceOf(again)).toBeLessThan(1.5 * 80_000)
  expect(spaceOf(other) / (10 * 80_000)).toBeCloseTo(1, 0)
  expect(play(other, 80_000).writeAmplification).toBeGreaterThan(1.5)
})

test('a replay sees that ascending keys need no merge', () => {
  const text = textOf(...Array.from({ length: 16 }, (_, i) => flushLine(keysFrom(i * 4000, 4000))))
  expect(play(text, 80_000)).toMatchObject({ compactions: 0, writeAmplification: 1 })
})

test('flushes without samples count as having keys of their own', () => {
  const text = textOf(...Array.from({ length: 16 }, () => flushLine(keysFrom(0, 4000), false)))
  const result = play(text, 80_000)
  expect(result.levels.reduce((sum, { rows }) => sum + rows, 0)).toBe(16 * 4000)
  expect(result.writeAmplification).toBe(3)
})
