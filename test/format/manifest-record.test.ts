import { crc32 } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { isMarquetryError, type MarquetryError } from '#src/errors.js'
import {
  decodeManifest,
  encodeManifestFrame,
  encodeManifestHeader,
  holdsPosition,
  type ManifestEdit,
  type ManifestPosition,
} from '#src/format/manifest-record.js'
import { AssertionError } from '#src/util/assert.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { editToJson, stateToJson } from '#src/version/state.js'
import { forSeeds, schema, Workload } from '../version/support.js'

const number = 7
const path = 'flights/MANIFEST-000007'

interface Written {
  readonly bytes: Uint8Array
  readonly edits: readonly ManifestEdit[]
  readonly positions: readonly ManifestPosition[]
}

function write(edits: readonly ManifestEdit[]): Written {
  const header = encodeManifestHeader(number)
  const parts = [header.bytes]
  const positions: ManifestPosition[] = []
  let { chain } = header
  let length = header.bytes.length
  for (const edit of edits) {
    const frame = encodeManifestFrame(edit, chain)
    parts.push(frame.bytes)
    chain = frame.chain
    length += frame.bytes.length
    positions.push({ number, bytes: length, chain })
  }
  return { bytes: new Uint8Array(Buffer.concat(parts)), edits, positions }
}

/** What `Workload` does in so many steps, after a state that is not empty. */
function randomEdits(random: () => number, steps: number): ManifestEdit[] {
  const workload = new Workload(random)
  for (let i = 0; i < 3; i++) workload.step()
  const edits: ManifestEdit[] = [stateToJson(workload.state)]
  for (let i = 0; i < steps; i++) edits.push(editToJson(workload.step()))
  return edits
}

function refusal(bytes: Uint8Array): MarquetryError {
  try {
    decodeManifest(path, bytes)
  } catch (error) {
    if (isMarquetryError(error)) return error
    throw error
  }
  throw new Error('the manifest was accepted')
}

/** A frame with any payload. */
function rawFrame(payload: string | Uint8Array, previous: number): Uint8Array {
  const body = Buffer.from(payload)
  const frame = Buffer.alloc(8 + body.length)
  frame.writeUInt32LE(body.length, 0)
  body.copy(frame, 8)
  frame.writeUInt32LE(crc32(body, crc32(frame.subarray(0, 4), previous)), 4)
  return frame
}

const concat = (...parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts))

const small = write(randomEdits(seededRandom(5), 3))
const last = small.positions[small.positions.length - 1]!
const beforeLast = small.positions[small.positions.length - 2]!

test('a manifest reads back as it was written', async () => {
  await forSeeds(20, (random) => {
    const { bytes, edits, positions } = write(randomEdits(random, 12))
    const end = positions[positions.length - 1]!
    const decoded = decodeManifest(path, bytes)
    expect(decoded).toEqual({
      number,
      edits,
      positions,
      validBytes: bytes.length,
      chain: end.chain,
      torn: false,
    })
    for (const position of positions) expect(holdsPosition(decoded, position)).toBe(true)
  })
})

test('the bytes are those that the documentation says', () => {
  const { bytes, chain } = encodeManifestHeader(0x01020304)
  expect(Buffer.from(bytes.subarray(0, 12)).toString('hex')).toBe('4d514d460100000004030201')
  expect(Buffer.from(bytes).readUInt32LE(12)).toBe(chain)
  expect(chain).toBe(crc32(bytes.subarray(0, 12)))
  const frame = encodeManifestFrame({ kind: 'edit', lastSeq: 9 }, chain)
  const text = '{"kind":"edit","lastSeq":9}'
  expect(frame.bytes).toEqual(new Uint8Array(rawFrame(text, chain)))
  expect(frame.chain).toBe(Buffer.from(frame.bytes).readUInt32LE(4))
})

describe('damage', () => {
  test('cut at any byte: the edits before the cut, or corruption where not even the state is whole', () => {
    const first = small.positions[0]!
    for (let length = 0; length < small.bytes.length; length++) {
      const cut = small.bytes.subarray(0, length)
      if (length < first.bytes) {
        expect(refusal(cut).code).toBe('MARQUETRY_CORRUPTION')
        continue
      }
      const decoded = decodeManifest(path, cut)
      const whole = small.positions.filter(({ bytes }) => bytes <= length)
      expect(decoded.edits).toEqual(small.edits.slice(0, whole.length))
      expect(decoded.validBytes).toBe(whole[whole.length - 1]!.bytes)
      expect(decoded.torn).toBe(length > decoded.validBytes)
      for (const position of small.positions) {
        expect(holdsPosition(decoded, position)).toBe(whole.includes(position))
      }
    }
  })

  test('any changed byte: corruption, or, in the last frame, a torn tail that a recorded position gives away', () => {
    for (let at = 0; at < small.bytes.length; at++) {
      for (const flip of [0x01, 0x80, 0xff]) {
        const damaged = small.bytes.slice()
        damaged[at]! ^= flip
        if (at < beforeLast.bytes) {
          const error = refusal(damaged)
          expect(error.code, `byte ${at}`).toBe('MARQUETRY_CORRUPTION')
          expect(error.file).toBe(path)
          expect(error.offset! <= at, `byte ${at} reported at ${error.offset}`).toBe(true)
          continue
        }
        const decoded = decodeManifest(path, damaged)
        expect(decoded.edits).toEqual(small.edits.slice(0, -1))
        expect(decoded.torn).toBe(true)
        expect(holdsPosition(decoded, beforeLast)).toBe(true)
        expect(holdsPosition(decoded, last)).toBe(false)
      }
    }
  })

  test('a run of changed bytes anywhere before the last frame is corruption', async () => {
    await forSeeds(300, (random) => {
      const damaged = small.bytes.slice()
      const from = Math.floor(random() * beforeLast.bytes)
      const to = Math.min(from + 1 + Math.floor(random() * 200), beforeLast.bytes)
      const zeros = random() < 0.5
      for (let i = from; i < to; i++) damaged[i] = zeros ? 0 : damaged[i]! ^ (1 + Math.floor(random() * 255))
      if (zeros && Buffer.compare(damaged, small.bytes) === 0) return
      expect(refusal(damaged).code).toBe('MARQUETRY_CORRUPTION')
    })
  })

  test('a last frame of which any part is missing is a torn tail, whatever stands in its place', async () => {
    await forSeeds(300, (random) => {
      const frame = small.bytes.slice(beforeLast.bytes)
      const from = Math.floor(random() * frame.length)
      const to = random() < 0.5 ? frame.length : from + 1 + Math.floor(random() * (frame.length - from))
      const zeros = random() < 0.5
      for (let i = from; i < to; i++) frame[i] = zeros ? 0 : Math.floor(random() * 256)
      const decoded = decodeManifest(path, concat(small.bytes.subarray(0, beforeLast.bytes), frame))
      // The random bytes may be the right ones.
      if (decoded.torn) expect(decoded.edits).toEqual(small.edits.slice(0, -1))
      else expect(decoded.edits).toEqual(small.edits)
    })
  })

  test('bytes behind the last frame that are no frame are a torn tail', () => {
    for (const tail of [
      [0],
      new Array(4096).fill(0),
      [1, 0, 0, 0, 0, 0, 0, 0, 0x7b],
      [255, 255, 255, 255, 1, 2, 3, 4],
    ]) {
      const decoded = decodeManifest(path, concat(small.bytes, new Uint8Array(tail)))
      expect(decoded.edits).toEqual(small.edits)
      expect(decoded.torn).toBe(true)
      expect(decoded.validBytes).toBe(small.bytes.length)
    }
  })

  test('a frame taken out, doubled or exchanged is corruption', () => {
    const frames = small.positions.map(({ bytes }, index) =>
      small.bytes.subarray(small.positions[index - 1]?.bytes ?? 16, bytes),
    )
    const [state, one, two, three] = frames as [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
    const header = small.bytes.subarray(0, 16)
    for (const order of [
      [state, two, three],
      [state, one, one, two],
      [state, two, one, three],
      [one, two],
    ]) {
      expect(refusal(concat(header, ...order)).code).toBe('MARQUETRY_CORRUPTION')
    }
  })
})

describe('what is not understood', () => {
  const { bytes: stateOnly, positions } = write(small.edits.slice(0, 1))
  const end = positions[0]!

  test('a newer format version is refused as such', () => {
    const { bytes } = encodeManifestHeader(number)
    const newer = concat(bytes, small.bytes.subarray(16))
    new DataView(newer.buffer).setUint16(4, 2, true)
    new DataView(newer.buffer).setUint32(12, crc32(newer.subarray(0, 12)), true)
    expect(refusal(newer).code).toBe('MARQUETRY_UNSUPPORTED_FORMAT')
  })

  test('something in a reserved place of the header is of a newer format', () => {
    const newer = concat(encodeManifestHeader(number).bytes, small.bytes.subarray(16))
    new DataView(newer.buffer).setUint16(6, 1, true)
    new DataView(newer.buffer).setUint32(12, crc32(newer.subarray(0, 12)), true)
    expect(refusal(newer).code).toBe('MARQUETRY_UNSUPPORTED_FORMAT')
  })

  for (const [what, payload, says] of [
    ['an unknown kind', '{"kind":"dance"}', 'unknown kind "dance"'],
    ['a kind that every object has', '{"kind":"constructor"}', 'unknown kind "constructor"'],
    ['an unknown field', '{"kind":"edit","removeEverything":true}', 'unknown field "removeEverything"'],
  ] as const) {
    test(`${what}, with a right checksum, is of a newer format`, () => {
      const error = refusal(concat(stateOnly, rawFrame(payload, end.chain)))
      expect(error.code).toBe('MARQUETRY_UNSUPPORTED_FORMAT')
      expect(error.offset).toBe(end.bytes)
      expect(error.message).toContain(says)
    })
  }

  const payloads: Record<string, string> = {
    'no kind': '{}',
    'a second state': JSON.stringify(small.edits[0]),
    'a field of the wrong form': '{"kind":"edit","removeLogs":[1.5]}',
    'a log id that is none': '{"kind":"edit","addLogs":[{"number":1,"id":"12","schemaId":1}]}',
    'no object': 'null',
    'no JSON': '{"kind":"edit"',
  }
  for (const [what, payload] of Object.entries(payloads)) {
    test(`${what}, with a right checksum, is corruption at its frame`, () => {
      const error = refusal(concat(stateOnly, rawFrame(payload, end.chain)))
      expect(error.code).toBe('MARQUETRY_CORRUPTION')
      expect(error.offset).toBe(end.bytes)
    })
  }

  test('a manifest that begins with an edit, or a state that lacks something, is corruption', () => {
    const { bytes, chain } = encodeManifestHeader(number)
    const { lastSeq: _, ...lacking } = small.edits[0] as unknown as Record<string, unknown>
    for (const payload of ['{"kind":"edit"}', JSON.stringify(lacking)]) {
      expect(refusal(concat(bytes, rawFrame(payload, chain))).offset).toBe(16)
    }
  })

  test('what could not be read back is not written', () => {
    const nested = { kind: 'edit', addSchema: { ...schema, columns: [{ kind: 'edit', id: 1, name: 'a' }] } }
    for (const edit of [{ kind: 'edit', lastSeq: Number.NaN }, { kind: 'edit', extra: 1 }, nested]) {
      expect(() => encodeManifestFrame(edit as unknown as ManifestEdit, 0)).toThrow(AssertionError)
    }
  })
})

test('a position in an older manifest holds, one in a newer does not', () => {
  const decoded = decodeManifest(path, small.bytes)
  expect(holdsPosition(decoded, { number: number - 1, bytes: 1, chain: 1 })).toBe(true)
  expect(holdsPosition(decoded, { ...last, number: number + 1 })).toBe(false)
  expect(holdsPosition(decoded, { ...last, chain: last.chain ^ 1 })).toBe(false)
})
