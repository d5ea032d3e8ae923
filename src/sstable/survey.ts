// What an SSTable's data says of itself, found by reading all of it: for a scrub, which compares it with the manifest, and for a repair,
// which has no manifest. Reads a piece at a time, and takes turns.

import { batchBytes } from '../format/batch.js'
import { compareKeys } from '../format/compare.js'
import { sstableFiles } from '../format/file-names.js'
import { type KeyBytes, vectorKey } from '../format/key-codec.js'
import { KeySampler } from '../format/key-sample.js'
import type { Schema, SchemaJson } from '../format/schema.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import type { FileSystem } from '../fs/file-system.js'
import { readAsync } from '../fs/reading.js'
import { compareBytes, equalBytes, fromBase64 } from '../util/bytes.js'
import { takeTurn, turnIsDue } from '../util/turn.js'
import type { BulkReader } from './bulk-reader.js'
import { blockBytes, ChecksumBuilder, type Checksums } from './checksums.js'
import type { KeyFilter } from './filter.js'
import { KeyHasher } from './filter-builder.js'
import { fileMetaData, parquetMagic } from './parquet-footer.js'
import { decodeThrift, fieldOf, numberOf, structsOf } from './thrift.js'

const pieceBytes = 256 * blockBytes
/** Rows decoded at a time. */
const pieceRows = 16_384
const tailBytes = 8

/** What the footer of data.parquet says of the SSTable. */
export interface FooterFacts {
  readonly table: string
  readonly schema: SchemaJson
  readonly minKey: Uint8Array
  readonly maxKey: Uint8Array
  readonly minSeq: number
  readonly maxSeq: number
  readonly rows: number
}

/** Told how many bytes were read; throws to end the survey. */
export type Tick = (bytes: number) => void

/** Checksums of a data file as it lies there. */
export async function checksumsOf(fs: FileSystem, folder: string, tick: Tick): Promise<Checksums> {
  const file = await fs.open(`${folder}/${sstableFiles.data}`, 'read')
  try {
    const builder = new ChecksumBuilder()
    const buffer = new Uint8Array(pieceBytes)
    for (let at = 0; ; ) {
      const read = await file.read(buffer, at)
      if (read === 0) return builder.finish()
      builder.update(buffer.subarray(0, read))
      at += read
      tick(read)
      if (turnIsDue()) await takeTurn()
    }
  } finally {
    await file.close()
  }
}

/** What the footer says; undefined: it is none of an SSTable. Nothing vouches for it but the file's checksums. */
export async function readFooterFacts(fs: FileSystem, folder: string): Promise<FooterFacts | undefined> {
  const file = await fs.open(`${folder}/${sstableFiles.data}`, 'read')
  try {
    const bytes = await file.size()
    const tail = new Uint8Array(tailBytes)
    if (bytes < tailBytes + parquetMagic.length || (await file.read(tail, bytes - tailBytes)) < tailBytes)
      return undefined
    const length = new DataView(tail.buffer).getUint32(0, true)
    const at = bytes - tailBytes - length
    if (!equalBytes(tail.subarray(4), parquetMagic) || at < parquetMagic.length) return undefined
    const footer = new Uint8Array(length)
    await file.read(footer, at)
    return parseFooter(footer)
  } finally {
    await file.close()
  }
}

function parseFooter(bytes: Uint8Array): FooterFacts | undefined {
  try {
    const footer = decodeThrift(bytes).value
    const values = new Map<string, string>()
    for (const pair of structsOf(footer, fileMetaData.keyValues)) {
      const [key, value] = [fieldOf(pair, 1), fieldOf(pair, 2)]
      if (key instanceof Uint8Array && value instanceof Uint8Array) values.set(textOf(key), textOf(value))
    }
    const keys = JSON.parse(values.get('marquetry.keys') ?? '') as {
      readonly min: string
      readonly max: string
    }
    const seq = /^(\d+)\.\.(\d+)$/.exec(values.get('marquetry.seq') ?? '')
    if (seq === null) return undefined
    return {
      table: values.get('marquetry.table') ?? '',
      schema: JSON.parse(values.get('marquetry.schema') ?? '') as SchemaJson,
      minKey: fromBase64(keys.min),
      maxKey: fromBase64(keys.max),
      minSeq: Number(seq[1]),
      maxSeq: Number(seq[2]),
      rows: numberOf(footer, fileMetaData.rows) ?? 0,
    }
  } catch {
    return undefined
  }
}

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

/** What all rows of an SSTable add up to. */
export type RowFacts = Omit<SSTableMeta, 'number' | 'schemaId' | 'bytes' | 'digest' | 'createdMs'>

/** What a survey may look at on the way. */
export interface SurveyOptions {
  /** Must not exclude a key that is there. */
  readonly filter?: KeyFilter | undefined
  /** Told the hashes of the keys, two words each. */
  readonly takeHashes?: ((hashes: Uint32Array) => void) | undefined
  readonly tick: Tick
}

/**
 * Decodes all rows. Calls `wrong` for each thing that the rows contradict: their order, the sparse index, the filter. Throws what
 * reading throws. Requires: the reader's metadata is right in `rows` and `bytes`, and says of tombstones that there are some if it is not known.
 */
export async function surveyRows(
  reader: BulkReader,
  schema: Schema,
  { filter, takeHashes, tick }: SurveyOptions,
  wrong: (message: string) => void,
): Promise<RowFacts> {
  const { index } = await readAsync(reader.open(), tick)
  const hasher = new KeyHasher()
  const sampler = new KeySampler()
  const facts = {
    rows: 0,
    keys: 0,
    tombstones: 0,
    minSeq: Number.POSITIVE_INFINITY,
    maxSeq: 0,
    rowGroupBytesMax: 0,
  }
  let minKey: KeyBytes = new Uint8Array(0)
  let maxKey: KeyBytes = minKey
  let lastSeq = 0
  let groupBytes = 0
  while (facts.rows < index.rows) {
    const from = facts.rows
    const group = index.groupOf(from)
    const isNewGroup = from === index.rowGroupFirstRow[group]
    const to = Math.min(index.rowGroupFirstRow[group + 1]!, from + pieceRows)
    const batch = await readAsync(reader.rows(from, to), tick)
    const keys = schema.key.map((column) => batch.columns[column]!)
    groupBytes = (isNewGroup ? 0 : groupBytes) + batchBytes(batch)
    facts.rowGroupBytesMax = Math.max(facts.rowGroupBytesMax, groupBytes)
    const compare = compareKeys(keys, keys)
    const first = vectorKey(schema, keys, 0)
    if (from === 0) minKey = first
    for (let row = 0; row < batch.rows; row++) {
      const seq = batch.seq[row]!
      const order = row > 0 ? compare(row - 1, row) : from === 0 ? -1 : compareBytes(maxKey, first)
      if (order < 0) facts.keys++
      if (order > 0) wrong(`row ${from + row} is before the one in front of it`)
      if (order === 0 && seq >= lastSeq) wrong(`row ${from + row} is not older than the one in front of it`)
      if (order === 0 && row === 0 && isNewGroup) wrong(`the key of row ${from} is in two row groups`)
      facts.minSeq = Math.min(facts.minSeq, seq)
      facts.maxSeq = Math.max(facts.maxSeq, seq)
      facts.tombstones += batch.deleted?.[row] ?? 0
      lastSeq = seq
      const at = from + row
      if (
        at % index.interval === 0 &&
        !equalBytes(index.key(at / index.interval), vectorKey(schema, keys, row))
      )
        wrong(`the sparse index has another key for row ${at}`)
    }
    maxKey = vectorKey(schema, keys, batch.rows - 1)
    const hashes = hasher.hash(keys, batch.rows)
    takeHashes?.(hashes)
    for (let i = 0; i < hashes.length; i += 2) {
      sampler.add(hashes[i]!)
      if (filter !== undefined && !filter.has({ first: hashes[i]!, second: hashes[i + 1]! }))
        wrong('the filter excludes a key that is there')
    }
    facts.rows = to
    if (turnIsDue()) await takeTurn()
  }
  return { ...facts, minKey, maxKey, keySample: sampler.finish() }
}
