// What the engine noted down of a table's life, one JSON line an event, and how to play it again under each strategy.
//
//   {"kind":"flush","ms":…,"rows":…,"keys":…,"tombstones":…,"bytes":…,"minKey":"…","maxKey":"…","keySample":{…}}
//   {"kind":"compaction","ms":…,"reason":"…","bytesIn":…,"bytesOut":…,"rowsIn":…,"rowsOut":…}
//
// Keys are told by their samples: a flush's keys are those hashes below a limit that all samples have, each standing for
// many. A key lies, as far as is known, anywhere between the bounds of the flush where its hash was first seen.

import { keyHashValues, keySampleFromJson } from '../../format/key-sample.js'
import { fromBase64 } from '../../util/bytes.js'
import { seededRandom } from '../../util/seeded-random.js'
import { sortedDistinct, type Workload } from './workload.js'

/** A flush as the history has it; keys and samples in base64. */
export interface FlushLine {
  readonly kind: 'flush'
  readonly rows: number
  readonly keys: number
  readonly bytes: number
  readonly minKey: string
  readonly maxKey: string
  readonly keySample?: { readonly limit: number; readonly hashes: string }
}

/** A compaction as the history has it. */
export interface CompactionLine {
  readonly kind: 'compaction'
  readonly bytesIn: number
  readonly bytesOut: number
}

/** A table's history. */
export interface History {
  readonly flushes: readonly FlushLine[]
  readonly compactions: readonly CompactionLine[]
}

/**
 * Reads a history. A last line that is torn is left out, as are kinds of events that are not known.
 * Throws a SyntaxError that names the line if another one is no JSON object.
 */
export function parseHistory(text: string): History {
  const flushes: FlushLine[] = []
  const compactions: CompactionLine[] = []
  const lines = text.split('\n')
  lines.forEach((line, index) => {
    if (line.trim() === '') return
    const event = parseLine(line)
    if (event === undefined) {
      // Only what follows the last line's end can be torn.
      if (index === lines.length - 1) return
      throw new SyntaxError(`line ${index + 1} of the history is no event`)
    }
    if (event.kind === 'flush') flushes.push(event)
    if (event.kind === 'compaction') compactions.push(event)
  })
  return { flushes, compactions }
}

function parseLine(line: string): FlushLine | CompactionLine | undefined {
  try {
    const event: unknown = JSON.parse(line)
    return typeof event === 'object' && event !== null ? (event as FlushLine | CompactionLine) : undefined
  } catch {
    return undefined
  }
}

/** Bytes written for each byte flushed by the engine that made the history. */
export function ownWriteAmplification({ flushes, compactions }: History): number {
  const flushed = flushes.reduce((sum, { bytes }) => sum + bytes, 0)
  return flushed === 0 ? 1 : 1 + compactions.reduce((sum, { bytesOut }) => sum + bytesOut, 0) / flushed
}

/** The history's flushes, to be simulated. Requires: there is one. */
export function replayWorkload({ flushes }: History): Workload {
  const bytes = flushes.reduce((sum, flush) => sum + flush.bytes, 0)
  const keys = flushes.reduce((sum, flush) => sum + flush.keys, 0)
  const limits = flushes.flatMap(({ keySample }) => (keySample === undefined ? [] : [keySample.limit]))
  const sampledOfFlush = 100
  const limit = Math.min(keyHashValues, ...limits)
  const scale = Math.max(
    1,
    Math.round(limits.length > 0 ? keyHashValues / limit : keys / flushes.length / sampledOfFlush),
  )
  const fractionOf = keyScale(flushes.flatMap(({ minKey, maxKey }) => [fromBase64(minKey), fromBase64(maxKey)]))
  const random = seededRandom(1)
  const places = new Map<number, number>()
  const played = flushes.map((flush) => {
    const from = fractionOf(fromBase64(flush.minKey))
    const width = fractionOf(fromBase64(flush.maxKey)) - from
    const place = () => Math.min(from + random() * width, 1 - Number.EPSILON)
    const { keySample } = flush
    if (keySample === undefined) {
      // Nothing is known of its keys: as if no other flush had them.
      return Float64Array.from({ length: Math.max(1, Math.round(flush.keys / scale)) }, place)
    }
    const hashes = keySampleFromJson(keySample).hashes.filter((hash) => hash < limit)
    for (const hash of hashes) if (!places.has(hash)) places.set(hash, place())
    return Float64Array.from(hashes, (hash) => places.get(hash)!)
  })
  return {
    flushes: played.filter(({ length }) => length > 0).map(sortedDistinct),
    scale,
    rowBytes: bytes / keys,
  }
}

/** Keys as fractions of the range they span: seven bytes behind what all have in common. */
function keyScale(keys: readonly Uint8Array[]): (key: Uint8Array) => number {
  const first = keys[0] ?? new Uint8Array()
  let shared = first.length
  for (const key of keys) {
    let equal = 0
    while (equal < shared && equal < key.length && key[equal] === first[equal]) equal++
    shared = equal
  }
  return (key) => {
    let fraction = 0
    for (let i = 6; i >= 0; i--) fraction = (fraction + (key[shared + i] ?? 0)) / 256
    return fraction
  }
}
