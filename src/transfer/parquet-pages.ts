// The pages of a column chunk, by their headers: how much the decoder would have to hold. Nothing is decoded but dictionaries
// of byte arrays, whose longest entry bounds what a run of indexes can become.

import * as zlib from 'node:zlib'
import { decompress } from '../sstable/decode/decompress.js'
import { PageDamage } from '../sstable/decode/page-damage.js'
import { decodeThrift, fieldOf, numberOf, structOf, type ThriftStruct } from '../sstable/thrift.js'
import type { FileBytes } from './import-bytes.js'
import { checkLimit, type ImportLimits } from './import-limits.js'
import { invalidInput } from './import-task.js'

/** Where the pages of a column chunk lie, and of what they are. */
export interface ChunkPlace {
  readonly start: number
  readonly bytes: number
  /** Parquet's number. */
  readonly codec: number
  readonly isByteArray: boolean
  /** Bytes of a value in memory, or of its offset. */
  readonly valueBytes: number
}

const pageHeader = { type: 1, uncompressed: 2, compressed: 3, data: 5, dictionary: 7, dataV2: 8 } as const
const v2 = { values: 1, encoding: 4, definitionBytes: 5, repetitionBytes: 6, isCompressed: 7 } as const
const v1 = { values: 1, encoding: 2 } as const
const pageTypes = { data: 0, dictionary: 2, dataV2: 3 } as const
const codecs = { uncompressed: 0, gzip: 2, brotli: 4, lz4: 5, zstd: 6 } as const
/** PLAIN_DICTIONARY and RLE_DICTIONARY. */
const dictionaryEncodings: ReadonlySet<number> = new Set([2, 8])

/** Headers are far shorter, unless they hold long bounds. */
const headerBytesUsual = 16 * 1024
/** What a block of zstd holds at most. */
const zstdBlockBytesMax = 128 * 1024

interface Page {
  readonly type: number
  readonly values: number
  readonly encoding: number
  /** Where its compressed part begins, and how long it is, stored and, as it claims, in memory. */
  readonly content: number
  readonly stored: number
  readonly claimed: number
  readonly isCompressed: boolean
  readonly end: number
}

/**
 * Adds up what the pages of a chunk claim. `claims` counts on from chunk to chunk. Throws MARQUETRY_LIMIT,
 * MARQUETRY_INVALID_INPUT, or RangeError where a header cannot be read.
 */
export function claimedBytes(
  file: FileBytes,
  place: ChunkPlace,
  rows: number,
  limits: ImportLimits,
  claims: { pages: number; bytes: number },
): void {
  const end = place.start + place.bytes
  const add = (bytes: number) => {
    claims.bytes += bytes
    checkLimit(
      file.path,
      limits,
      'decodedBytes',
      claims.bytes,
      `a row group claims ${claims.bytes} bytes of values`,
    )
  }
  add(rows * place.valueBytes)
  let values = 0
  let longest = 0
  for (let at = place.start; at < end; ) {
    checkLimit(file.path, limits, 'pages', ++claims.pages, `a row group has ${claims.pages} pages`)
    const page = readPage(file, at, end)
    at = page.end
    // A page is decompressed whole, whatever it holds.
    checkLimit(file.path, limits, 'decodedBytes', page.claimed, `a page claims ${page.claimed} bytes`)
    checkBomb(file, place.codec, page)
    if (page.type === pageTypes.dictionary) {
      if (place.isByteArray) longest = longestEntry(file, place.codec, page)
      continue
    }
    values += page.values
    if (values > rows) add(Math.min(page.values, values - rows) * place.valueBytes)
    if (place.isByteArray) add(dictionaryEncodings.has(page.encoding) ? page.values * longest : page.claimed)
  }
}

function readPage(file: FileBytes, at: number, end: number): Page {
  const { value: header, end: headerBytes } = readHeader(file, at, end)
  const type = numberOf(header, pageHeader.type) ?? -1
  const stored = numberOf(header, pageHeader.compressed) ?? -1
  const claimed = numberOf(header, pageHeader.uncompressed) ?? -1
  const content = at + headerBytes
  if (stored < 0 || claimed < 0 || content + stored > end)
    throw invalidInput(file.path, `a page at byte ${at} claims to be longer than its place`)
  const page = {
    type,
    values: 0,
    encoding: 0,
    content,
    stored,
    claimed,
    isCompressed: true,
    end: content + stored,
  }
  if (type === pageTypes.dataV2) {
    const part = structOf(header, pageHeader.dataV2)
    const levels = (numberOf(part, v2.definitionBytes) ?? 0) + (numberOf(part, v2.repetitionBytes) ?? 0)
    if (levels < 0 || levels > stored || levels > claimed)
      throw invalidInput(file.path, `a page at byte ${at} claims levels longer than itself`)
    const isCompressed = fieldOf(part, v2.isCompressed) !== false
    return {
      ...page,
      ...counted(part, v2),
      content: content + levels,
      stored: stored - levels,
      claimed: claimed - levels,
      isCompressed,
    }
  }
  if (type === pageTypes.dictionary) return { ...page, ...counted(structOf(header, pageHeader.dictionary), v1) }
  return type === pageTypes.data ? { ...page, ...counted(structOf(header, pageHeader.data), v1) } : page
}

function counted(part: ThriftStruct, fields: { readonly values: number; readonly encoding: number }) {
  return {
    values: Math.max(0, numberOf(part, fields.values) ?? 0),
    encoding: numberOf(part, fields.encoding) ?? 0,
  }
}

function readHeader(
  file: FileBytes,
  at: number,
  end: number,
): { readonly value: ThriftStruct; readonly end: number } {
  try {
    return decodeThrift(file.read(at, Math.min(end, at + headerBytesUsual)))
  } catch (error) {
    if (!(error instanceof RangeError) || end - at <= headerBytesUsual) throw error
    return decodeThrift(file.read(at, end))
  }
}

/** Some codecs unpack for as long as there is something, whatever the header says: these must not hold more than that. */
function checkBomb(file: FileBytes, codec: number, page: Page): void {
  if (!page.isCompressed || page.stored === 0) return
  const bytes = () => file.read(page.content, page.content + page.stored)
  const isMore = (() => {
    switch (codec) {
      case codecs.zstd: {
        // Blocks may be shorter than they could be: only who unpacks those that look too many knows.
        const stored = bytes()
        return (
          zstdBytesMax(stored) > page.claimed + zstdBlockBytesMax &&
          !unpacksTo(unpackZstd, stored, page.claimed)
        )
      }
      case codecs.gzip:
        return unpacksTo(zlib.gunzipSync, bytes(), page.claimed) === undefined
      case codecs.brotli:
        return unpacksTo(zlib.brotliDecompressSync, bytes(), page.claimed) === undefined
      default:
        return false
    }
  })()
  if (isMore)
    throw invalidInput(
      file.path,
      `a page at byte ${page.content} does not hold the ${page.claimed} bytes that it claims`,
    )
}

type Unpack = (bytes: Uint8Array, options: { readonly maxOutputLength: number }) => Uint8Array

const unpackZstd: Unpack = (bytes, { maxOutputLength }) => decompress(codecs.zstd, bytes, maxOutputLength)

/** What the bytes unpack to; undefined: to more than this, or to nothing that makes sense. */
function unpacksTo(unpack: Unpack, bytes: Uint8Array, most: number): Uint8Array | undefined {
  try {
    return unpack(bytes, { maxOutputLength: Math.max(1, most) })
  } catch {
    return undefined
  }
}

/**
 * What frames of zstd can unpack to at most, by the heads of their blocks:
 * https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1. Infinite, if they make no sense.
 */
export function zstdBytesMax(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let [at, most] = [0, 0]
  try {
    while (at < bytes.length) {
      const magic = view.getUint32(at, true)
      if (magic >>> 4 === 0x184d2a5) {
        at += 8 + view.getUint32(at + 4, true) // a frame to be skipped
        continue
      }
      if (magic !== 0xfd2fb528) return Number.POSITIVE_INFINITY
      const descriptor = view.getUint8(at + 4)
      const isSingle = (descriptor & 0x20) !== 0
      const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6]!
      at += 5 + (isSingle ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]! + sizeBytes
      for (let isLast = false; !isLast; ) {
        const head = view.getUint16(at, true) | (view.getUint8(at + 2) << 16)
        isLast = (head & 1) === 1
        const [type, size] = [(head >> 1) & 3, head >> 3]
        at += 3 + (type === 1 ? 1 : size)
        most += type === 2 ? zstdBlockBytesMax : size
      }
      if ((descriptor & 4) !== 0) at += 4
    }
  } catch {
    return Number.POSITIVE_INFINITY
  }
  return most
}

/** The longest of a dictionary's byte arrays. */
function longestEntry(file: FileBytes, codec: number, page: Page): number {
  if (codec === codecs.lz4) return page.claimed // deprecated, in three forms, which the decoder tries in turn
  const stored = file.read(page.content, page.content + page.stored)
  const content = dictionaryContent(file, codec, stored, page)
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength)
  let longest = 0
  for (let at = 0; at + 4 <= content.length; ) {
    const length = view.getUint32(at, true)
    longest = Math.max(longest, Math.min(length, content.length))
    at += 4 + length
  }
  return longest
}

function dictionaryContent(
  file: FileBytes,
  codec: number,
  stored: Uint8Array,
  { content, claimed }: Page,
): Uint8Array {
  const damaged = (cause?: unknown) =>
    invalidInput(file.path, `its dictionary at byte ${content} cannot be unpacked`, { cause })
  if (codec === codecs.gzip || codec === codecs.brotli) {
    const unpack: Unpack = codec === codecs.gzip ? zlib.gunzipSync : zlib.brotliDecompressSync
    const unpacked = unpacksTo(unpack, stored, claimed)
    if (unpacked === undefined) throw damaged()
    return unpacked
  }
  try {
    return decompress(codec, stored, claimed)
  } catch (error) {
    if (error instanceof PageDamage) throw damaged(error)
    throw error
  }
}
