// The bytes of a manifest: a header, then frames that only ever are appended.
//
//   header:  "MQMF"   u16 format version   u16 zero   u32 manifest number   u32 CRC-32 of the twelve bytes before
//   frame:   u32 payload length   u32 chain   payload: JSON, UTF-8
//
// All little-endian; the header keeps this form in every format version. Invariants:
// 1. The chain of a frame is the CRC-32 of its length and payload, continued from the chain before it (the first one
//    from the header's CRC). So a frame depends on everything before it, and one number stands for the whole file.
// 2. The first frame is a full state, all others are edits. It is synced before the file gets its name: no crash leaves
//    a manifest without it.
// 3. A frame is written by one write and synced before the next frame is. So a crash leaves at most one damaged frame,
//    the last: a torn tail, to be cut. Damage with a later frame behind it is no crash's work.
// 4. An edit begins with `{"kind":"edit"`, and nothing else has these bytes (JSON escapes quotes in strings; the encoder
//    asserts the rest). So a later frame shows itself even when the length of the damaged one leads astray.
// What this file cannot tell apart is a torn tail and damage to the last frame after it was synced: logs hold the
// position of the manifest at their creation, and `holdsPosition` tells whether it still is there.

import { crc32 } from 'node:zlib'
import { corruption, MarquetryError } from '../errors.js'
import { assert } from '../util/assert.js'
import { asBuffer } from '../util/bytes.js'
import type { SchemaJson } from './schema.js'
import type { SSTableJson } from './sstable-meta.js'

export const manifestFormatVersion = 1
export const manifestHeaderBytes = 16
const frameHeadBytes = 8
const magic = 0x464d514d // "MQMF" read as a little-endian u32
const editMarker = '{"kind":"edit"'

/** A log that the table needs. `id` is what its records carry: 16 hexadecimal digits. */
export interface LogJson {
  readonly number: number
  readonly id: string
  readonly schemaId: number
}

/** Which run an edit's tables go to; see `RunPlace` in version/version.ts. */
export interface RunPlaceJson {
  readonly id: number
  readonly level: number
  readonly behind?: number
}

/** The first frame: all that the manifest knows. Runs are listed newest first. */
export interface ManifestStateJson {
  readonly kind: 'state'
  readonly tree: { readonly id: number; readonly name: string }
  readonly schemas: readonly SchemaJson[]
  readonly currentSchemaId: number
  readonly logs: readonly LogJson[]
  readonly runs: readonly {
    readonly id: number
    readonly level: number
    readonly tables: readonly SSTableJson[]
  }[]
  readonly nextNumber: number
  readonly nextRunId: number
  readonly lastSeq: number
}

/** Every further frame: what changed, all of it at once. See `VersionEdit` in version/version.ts. */
export interface ManifestEditJson {
  readonly kind: 'edit'
  readonly addLogs?: readonly LogJson[]
  readonly removeLogs?: readonly number[]
  readonly removeTables?: readonly number[]
  readonly addTables?: readonly SSTableJson[]
  readonly run?: RunPlaceJson
  readonly addSchema?: SchemaJson
  readonly currentSchemaId?: number
  readonly nextNumber?: number
  readonly lastSeq?: number
}

/** The content of one frame. */
export type ManifestEdit = ManifestStateJson | ManifestEditJson

/** The end of a frame: how many bytes of which manifest, and the chain over all of them. */
export interface ManifestPosition {
  readonly number: number
  readonly bytes: number
  readonly chain: number
}

/** A manifest as far as it is whole. */
export interface DecodedManifest {
  readonly number: number
  /** First the state, then the edits. */
  readonly edits: readonly ManifestEdit[]
  /** Where each frame ends, in the order of `edits`. */
  readonly positions: readonly ManifestPosition[]
  /** Where the last whole frame ends. */
  readonly validBytes: number
  readonly chain: number
  /** Whether a torn tail follows `validBytes`: never append behind it. */
  readonly torn: boolean
}

/** The header of manifest `number`; its CRC seeds the chain. */
export function encodeManifestHeader(number: number): { readonly bytes: Uint8Array; readonly chain: number } {
  const bytes = new Uint8Array(manifestHeaderBytes)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, magic, true)
  view.setUint16(4, manifestFormatVersion, true)
  view.setUint32(8, number, true)
  const chain = crc32(bytes.subarray(0, 12))
  view.setUint32(12, chain, true)
  return { bytes, chain }
}

/** One frame, to be written behind the frame (or header) that ended with chain `previous`. */
export function encodeManifestFrame(
  edit: ManifestEdit,
  previous: number,
): { readonly bytes: Uint8Array; readonly chain: number } {
  const { kind, ...rest } = edit
  const problem = unknownPart(edit) ?? formProblem({ ...edit }, kind === 'state')
  assert(problem === undefined, `a manifest frame has its form: ${problem}`)
  const text = JSON.stringify({ kind, ...rest })
  assert(text.lastIndexOf(editMarker) === (kind === 'edit' ? 0 : -1), 'only an edit as a whole begins like one')
  const payload = Buffer.from(text)
  const bytes = new Uint8Array(frameHeadBytes + payload.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, payload.length, true)
  bytes.set(payload, frameHeadBytes)
  const chain = chainOf(bytes, 0, payload.length, previous)
  view.setUint32(4, chain, true)
  return { bytes, chain }
}

/**
 * Reads a manifest. A damaged last frame is left out and reported as `torn`. Throws MARQUETRY_UNSUPPORTED_FORMAT for
 * what is whole but of a newer engine, MARQUETRY_CORRUPTION for everything else, both with the byte position.
 */
export function decodeManifest(path: string, bytes: Uint8Array): DecodedManifest {
  const { number, chain: seed } = decodeHeader(path, bytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const edits: ManifestEdit[] = []
  const positions: ManifestPosition[] = []
  let at = manifestHeaderBytes
  let chain = seed
  while (at + frameHeadBytes <= bytes.length) {
    const length = view.getUint32(at, true)
    const end = at + frameHeadBytes + length
    if (end > bytes.length || chainOf(bytes, at, length, chain) !== view.getUint32(at + 4, true)) break
    chain = view.getUint32(at + 4, true)
    edits.push(decodePayload(path, at, bytes.subarray(at + frameHeadBytes, end), edits.length === 0))
    positions.push({ number, bytes: end, chain })
    at = end
  }
  if (edits.length === 0) throw corruption(path, at, 'the manifest does not begin with a whole state')
  const torn = at < bytes.length
  if (torn) {
    const next = asBuffer(bytes).indexOf(editMarker, at + frameHeadBytes + 1)
    if (next !== -1) {
      throw corruption(path, at, `a frame is damaged, and a later one follows at byte ${next - frameHeadBytes}`)
    }
  }
  return { number, edits, positions, validBytes: at, chain, torn }
}

/**
 * Whether a manifest still holds all it held when `position` was taken. False: it was cut or exchanged, or the newer
 * manifest that was meant is lost. A position in an older manifest holds: its successor began as a whole state.
 */
export function holdsPosition(
  decoded: Pick<DecodedManifest, 'number' | 'positions'>,
  position: ManifestPosition,
): boolean {
  if (position.number !== decoded.number) return position.number < decoded.number
  return decoded.positions.some(({ bytes, chain }) => bytes === position.bytes && chain === position.chain)
}

function chainOf(bytes: Uint8Array, frame: number, length: number, previous: number): number {
  const withLength = crc32(bytes.subarray(frame, frame + 4), previous)
  return crc32(bytes.subarray(frame + frameHeadBytes, frame + frameHeadBytes + length), withLength)
}

function decodeHeader(path: string, bytes: Uint8Array): { number: number; chain: number } {
  if (bytes.length < manifestHeaderBytes) throw corruption(path, 0, 'shorter than the header of a manifest')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0, true) !== magic) throw corruption(path, 0, 'not a manifest')
  const chain = crc32(bytes.subarray(0, 12))
  if (view.getUint32(12, true) !== chain) throw corruption(path, 0, "the manifest header's checksum is wrong")
  const version = view.getUint16(4, true)
  if (version > manifestFormatVersion) throw unsupported(path, 4, `manifest format ${version}`)
  if (version === 0) throw corruption(path, 4, 'no known manifest format')
  if (view.getUint16(6, true) !== 0) throw unsupported(path, 6, 'a header with unknown content')
  return { number: view.getUint32(8, true), chain }
}

/** A checksum vouches for these bytes: somebody meant them, who knew more than this release. */
function unsupported(path: string, offset: number, what: string): MarquetryError {
  return new MarquetryError(
    'MARQUETRY_UNSUPPORTED_FORMAT',
    `${path} at byte ${offset}: ${what}; this release reads manifest format ${manifestFormatVersion}`,
    { file: path, offset },
  )
}

type Check = (value: unknown) => boolean

const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const isText: Check = (value) => typeof value === 'string'
const isLogId: Check = (value) => typeof value === 'string' && /^[0-9a-f]{16}$/.test(value)

const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check)

/** An object that has at least these fields. */
const objectOf =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(fields).every(([name, check]) => check((value as Record<string, unknown>)[name]))

const isSchema = objectOf({
  id: isCount,
  columns: listOf(objectOf({ id: isCount, name: isText })),
  key: listOf(isText),
})
const isLog = objectOf({ number: isCount, id: isLogId, schemaId: isCount })
const isTable = objectOf({
  number: isCount,
  schemaId: isCount,
  minKey: isText,
  maxKey: isText,
  rows: isCount,
  keys: isCount,
  tombstones: isCount,
  minSeq: isCount,
  maxSeq: isCount,
  bytes: isCount,
  digest: isText,
})

const stateFields: Readonly<Record<string, Check>> = {
  tree: objectOf({ id: isCount, name: isText }),
  schemas: listOf(isSchema),
  currentSchemaId: isCount,
  logs: listOf(isLog),
  runs: listOf(objectOf({ id: isCount, level: isCount, tables: listOf(isTable) })),
  nextNumber: isCount,
  nextRunId: isCount,
  lastSeq: isCount,
}

const editFields: Readonly<Record<string, Check>> = {
  addLogs: listOf(isLog),
  removeLogs: listOf(isCount),
  removeTables: listOf(isCount),
  addTables: listOf(isTable),
  run: objectOf({ id: isCount, level: isCount, behind: (value) => value === undefined || isCount(value) }),
  addSchema: isSchema,
  currentSchemaId: isCount,
  nextNumber: isCount,
  lastSeq: isCount,
}

/** What this release does not know of a frame's content. Whatever it is might matter, so it is refused. */
function unknownPart(edit: object & { readonly kind?: unknown }): string | undefined {
  const { kind } = edit
  if (typeof kind !== 'string') return undefined
  if (kind !== 'state' && kind !== 'edit') return `a frame of unknown kind ${JSON.stringify(kind)}`
  const fields = kind === 'state' ? stateFields : editFields
  const name = Object.keys(edit).find((key) => key !== 'kind' && !Object.hasOwn(fields, key))
  return name === undefined ? undefined : `a frame with the unknown field ${JSON.stringify(name)}`
}

/** What is wrong with the form of a frame's content. */
function formProblem(
  edit: { readonly [name: string]: unknown; readonly kind?: unknown },
  first: boolean,
): string | undefined {
  const expected = first ? 'state' : 'edit'
  if (edit.kind !== expected)
    return `kind ${JSON.stringify(edit.kind) ?? 'is missing'} where ${expected} belongs`
  const fields = first ? stateFields : editFields
  for (const [name, check] of Object.entries(fields)) {
    const absent = !first && edit[name] === undefined
    if (!absent && !check(edit[name])) return `field ${name} is missing or has the wrong form`
  }
  return undefined
}

/** Checks the form too, for the checksum vouches only for the bytes. */
function decodePayload(path: string, frame: number, payload: Uint8Array, first: boolean): ManifestEdit {
  let edit: unknown
  try {
    edit = JSON.parse(asBuffer(payload).toString('utf8'))
  } catch (error) {
    throw corruption(path, frame, 'a frame is not JSON', error)
  }
  const isObject = typeof edit === 'object' && edit !== null
  const unknown = isObject ? unknownPart(edit as object) : undefined
  if (unknown !== undefined) throw unsupported(path, frame, unknown)
  const problem = isObject ? formProblem(edit as Record<string, unknown>, first) : 'no object'
  if (problem !== undefined) throw corruption(path, frame, `a frame cannot be understood: ${problem}`)
  return edit as ManifestEdit
}
