// The bytes of a log, which are also the bytes of a memtable's arena: header, then records end to end.
//
//   header, 72 bytes   "MQWL"  u16 version  u16 0  u64 log id  u32 number  u32 tree id  u32 schema id  u32 0
//                      u64 base seq  u32 number, u32 length, u32 digest of the log before
//                      u32 number, u32 length, u32 chain of the manifest  u32 CRC of the 64 bytes before  u32 0
//                      Magic, version and CRC stand there in every version of the format.
//   record, 32 bytes   u32 CRC of all that follows in the record  u32 payload bytes  u64 log id  u32 durable bytes
//                      u8 kind  u8 0  u16 0  u32 entries  u32 sequence number of the first, less the base
//                      payload: entries (format/entry.ts)
//
// 1. A record is one put, delete or batch: all of it counts or nothing.
// 2. `log id` is random, so bytes of another log or an earlier life of the disk block are never taken for records.
// 3. `durable bytes` is the length of this log that was known to be synced when the record was made. So if a record
//    is bad, and a good one behind it says that more than the bad one's start was durable, the bad one was damaged
//    after it had been acknowledged: corruption, not a torn tail.
// 4. The digest of a log mixes the CRCs of its records in their order; the next log's header records it.

import { crc32 } from 'node:zlib'
import { corruption, MarquetryError } from '../errors.js'
import { asBuffer } from '../util/bytes.js'
import { entryEndAt, entryHeadBytes, entryKinds, kindAt, seqOffsetAt } from './entry.js'
import type { ManifestPosition } from './manifest-record.js'

const magic = 0x4c57514d // "MQWL"
const formatVersion = 1
export const logHeaderBytes = 72
export const recordHeadBytes = 32

/** Longest record: one batch. Positions in a log are 32 bits. */
export const recordBytesMax = 1 << 30

/** `void`: a record whose writer gave up before it was written; its entries do not count. */
const recordKinds = { entries: 1, void: 2 } as const

/** How the log before ended; number 0: there was none. */
export interface PreviousLog {
  readonly number: number
  readonly bytes: number
  readonly digest: number
}

export interface LogHeader {
  /** 16 hexadecimal digits. */
  readonly id: string
  readonly number: number
  readonly treeId: number
  readonly schemaId: number
  readonly baseSeq: number
  readonly previous: PreviousLog
  readonly manifest: ManifestPosition
}

function dataView(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Writes the header to the start of `bytes`. */
export function writeLogHeader(bytes: Uint8Array, header: LogHeader): void {
  const view = dataView(bytes)
  view.setUint32(0, magic, true)
  view.setUint16(4, formatVersion, true)
  view.setUint16(6, 0, true)
  view.setBigUint64(8, BigInt(`0x${header.id}`))
  const words = [header.number, header.treeId, header.schemaId, 0]
  for (const [i, word] of words.entries()) view.setUint32(16 + 4 * i, word, true)
  view.setBigUint64(32, BigInt(header.baseSeq), true)
  const { previous, manifest } = header
  const links = [
    previous.number,
    previous.bytes,
    previous.digest,
    manifest.number,
    manifest.bytes,
    manifest.chain,
  ]
  for (const [i, word] of links.entries()) view.setUint32(40 + 4 * i, word, true)
  view.setUint32(64, crc32(bytes.subarray(0, 64)), true)
  view.setUint32(68, 0, true)
}

/** Reads a header. Undefined: it is not whole, as a log's is that was being created when the power went. */
export function readLogHeader(path: string, bytes: Uint8Array): LogHeader | undefined {
  if (bytes.length < logHeaderBytes) return undefined
  const view = dataView(bytes)
  const word = (at: number) => view.getUint32(at, true)
  // The CRC covers the version and stands here in every version, so it is asked first: a version is believed only if
  // somebody wrote it. The last word is in no CRC: nothing vouches for what it holds, so it is damage, not a version.
  if (word(64) !== crc32(bytes.subarray(0, 64)) || word(0) !== magic || word(68) !== 0) return undefined
  const unsupported = (what: string, offset: number) =>
    new MarquetryError(
      'MARQUETRY_UNSUPPORTED_FORMAT',
      `${path} has ${what}; this release reads log format ${formatVersion}`,
      { file: path, offset },
    )
  const version = view.getUint16(4, true)
  if (version !== formatVersion) throw unsupported(`log format ${version}`, 4)
  // Written as zero: whoever gives these bytes a meaning relies on its being understood.
  if (view.getUint16(6, true) !== 0) throw unsupported('a header with unknown content at byte 6', 6)
  if (word(28) !== 0) throw unsupported('a header with unknown content at byte 28', 28)
  return {
    id: view.getBigUint64(8).toString(16).padStart(16, '0'),
    number: word(16),
    treeId: word(20),
    schemaId: word(24),
    baseSeq: Number(view.getBigUint64(32, true)),
    previous: { number: word(40), bytes: word(44), digest: word(48) },
    manifest: { number: word(52), bytes: word(56), chain: word(60) },
  }
}

/** Fills in the head of the record at `start`, whose payload ends at `end`. `id` are the log id's 8 bytes. */
export function sealRecord(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  id: Uint8Array,
  durableBytes: number,
  entries: number,
  firstSeqOffset: number,
): void {
  view.setUint32(start + 4, end - start - recordHeadBytes, true)
  bytes.set(id, start + 8)
  view.setUint32(start + 16, durableBytes, true)
  view.setUint32(start + 20, recordKinds.entries, true)
  view.setUint32(start + 24, entries, true)
  view.setUint32(start + 28, firstSeqOffset, true)
  view.setUint32(start, crc32(bytes.subarray(start + 4, end)), true)
}

/** Takes back a sealed record that has not been written yet: its place stays, its entries no longer count. */
export function voidRecord(bytes: Uint8Array, view: DataView, start: number): void {
  view.setUint32(start + 20, recordKinds.void, true)
  view.setUint32(start, crc32(bytes.subarray(start + 4, recordEnd(view, start))), true)
}

/** Where the record that starts here ends. Requires: it is whole. */
export function recordEnd(view: DataView, start: number): number {
  return start + recordHeadBytes + view.getUint32(start + 4, true)
}

/** Where the first entry of the record that starts here lies; the record's end if it has none or is void. */
export function firstEntry(view: DataView, start: number): number {
  return view.getUint8(start + 20) === recordKinds.void ? recordEnd(view, start) : start + recordHeadBytes
}

/** What reading a log found. */
export interface LogContents {
  /** Length of header and whole records: what lies behind is a torn tail. */
  readonly bytes: number
  readonly digest: number
  /** Positions of the records, void ones included. */
  readonly records: readonly number[]
  readonly entries: number
  /** Greatest sequence number less the base; −1: no entries. */
  readonly lastSeqOffset: number
  /** Length of the log that was known to be durable when the last record was made. */
  readonly durableBytes: number
}

function checkRecord(bytes: Uint8Array, view: DataView, start: number, id: Uint8Array): boolean {
  if (start + recordHeadBytes > bytes.length) return false
  const end = recordEnd(view, start)
  if (end > bytes.length || view.getUint32(start, true) !== crc32(bytes.subarray(start + 4, end))) return false
  for (let i = 0; i < id.length; i++) if (bytes[start + 8 + i] !== id[i]) return false
  return true
}

/** A good record behind `from` that proves that `from` had been durable: its position, or −1. */
function findProof(bytes: Uint8Array, view: DataView, from: number, id: Uint8Array): number {
  const buffer = asBuffer(bytes)
  for (let at = buffer.indexOf(id, from + 1); at >= 0; at = buffer.indexOf(id, at + 1)) {
    const start = at - 8
    if (start <= from || !checkRecord(bytes, view, start, id)) continue
    if (view.getUint32(start + 16, true) > from) return start
  }
  return -1
}

function checkEntries(path: string, bytes: Uint8Array, view: DataView, start: number): void {
  const kind = view.getUint8(start + 20)
  if (kind !== recordKinds.entries && kind !== recordKinds.void) {
    throw new MarquetryError(
      'MARQUETRY_UNSUPPORTED_FORMAT',
      `${path} has a record of unknown kind ${kind} at byte ${start}`,
      {
        file: path,
        offset: start,
      },
    )
  }
  const end = recordEnd(view, start)
  let entry = start + recordHeadBytes
  for (let left = view.getUint32(start + 24, true); left > 0; left--) {
    if (entry + entryHeadBytes > end) throw corruption(path, entry, 'an entry runs over the end of its record')
    const entryKind = kindAt(bytes, entry)
    if (entryKind !== entryKinds.put && entryKind !== entryKinds.delete) {
      throw new MarquetryError(
        'MARQUETRY_UNSUPPORTED_FORMAT',
        `${path} has an entry of unknown kind ${entryKind} at byte ${entry}`,
        { file: path, offset: entry },
      )
    }
    entry = entryEndAt(bytes, entry)
  }
  if (entry !== end) throw corruption(path, start, 'a record is longer than its entries')
}

/**
 * Checks all records of a log against its header. `bytes` is the whole file. `tail`: whether a torn tail is allowed,
 * as it is in the newest log only. Throws MARQUETRY_CORRUPTION where a bad record is no torn tail.
 */
export function readLog(path: string, bytes: Uint8Array, header: LogHeader, tail: boolean): LogContents {
  const view = dataView(bytes)
  const id = Buffer.from(header.id, 'hex')
  const records: number[] = []
  let entries = 0
  let lastSeqOffset = -1
  let digest = 0
  let at = logHeaderBytes
  while (at < bytes.length) {
    if (!checkRecord(bytes, view, at, id)) {
      if (!tail) throw corruption(path, at, 'a record of a sealed log is damaged')
      const proof = findProof(bytes, view, at, id)
      if (proof >= 0)
        throw corruption(
          path,
          at,
          `a record is damaged that was durable when the one at byte ${proof} was written`,
        )
      break
    }
    checkEntries(path, bytes, view, at)
    records.push(at)
    digest = mixDigest(digest, view.getUint32(at, true))
    const end = recordEnd(view, at)
    for (let entry = firstEntry(view, at); entry < end; entry = entryEndAt(bytes, entry)) {
      entries++
      lastSeqOffset = seqOffsetAt(bytes, entry)
    }
    at = end
  }
  const last = records[records.length - 1]
  const durableBytes = last === undefined ? logHeaderBytes : view.getUint32(last + 16, true)
  return { bytes: at, digest, records, entries, lastSeqOffset, durableBytes }
}

/** Every whole record of a log, wherever it lies: what can be saved of one that is damaged. */
export function findRecords(bytes: Uint8Array, header: LogHeader): readonly Uint8Array[] {
  const view = dataView(bytes)
  const id = Buffer.from(header.id, 'hex')
  const buffer = asBuffer(bytes)
  const records: Uint8Array[] = []
  for (let at = logHeaderBytes; at + recordHeadBytes <= bytes.length; ) {
    if (checkRecord(bytes, view, at, id)) {
      const end = recordEnd(view, at)
      records.push(bytes.subarray(at, end))
      at = end
    } else {
      const next = buffer.indexOf(id, at + 9)
      if (next < 0) break
      at = next - 8
    }
  }
  return records
}

/**
 * Digest of whole records, continued from `digest`, that of all before them (0: none). Each record's CRC stands for its
 * bytes, so mixing these is enough to tell one sequence of records from another.
 */
export function digestRecords(records: Uint8Array, digest = 0): number {
  const view = dataView(records)
  let mixed = digest
  for (let at = 0; at < records.length; at = recordEnd(view, at))
    mixed = mixDigest(mixed, view.getUint32(at, true))
  return mixed
}

function mixDigest(digest: number, recordCrc: number): number {
  return Math.imul(((digest << 5) | (digest >>> 27)) ^ recordCrc, 0x9e37_79b1) >>> 0
}
