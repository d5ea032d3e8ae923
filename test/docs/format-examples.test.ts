// Holds docs/format.md to the code: every example in it is made again from the code and compared, byte for byte.
// An example that the test does not know fails, and so does one that is gone from the page.

import { parquetMetadata } from 'hyparquet'
import { describe, expect, test } from 'vitest'
import { encodeCatalog, encodeFormat } from '#src/format/catalog.js'
import { type Column, t } from '#src/format/column.js'
import { entryHeadBytes, entryKinds, writeEntryHead } from '#src/format/entry.js'
import { appendKey, encodeKey, keyBytesMax } from '#src/format/key-codec.js'
import {
  digestRecords,
  logHeaderBytes,
  readLog,
  readLogHeader,
  recordBytesMax,
  recordHeadBytes,
  sealRecord,
  voidRecord,
  writeLogHeader,
} from '#src/format/log-record.js'
import { encodeManifestFrame, encodeManifestHeader, manifestHeaderBytes } from '#src/format/manifest-record.js'
import { RowCodec } from '#src/format/row-codec.js'
import { defineSchema, Schema, type SchemaJson } from '#src/format/schema.js'
import type { SSTableMeta } from '#src/format/sstable-meta.js'
import { readWhole } from '#src/fs/file-system.js'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { blockBytes, ChecksumBuilder, encodeChecksums } from '#src/sstable/checksums.js'
import { pageBytesMin } from '#src/sstable/encode-row-group.js'
import { filterBitsMax, filterKeysMin } from '#src/sstable/filter.js'
import { KeyFilterBuilder } from '#src/sstable/filter-builder.js'
import { hashKey } from '#src/sstable/key-hash.js'
import { deletedFieldId, seqFieldId } from '#src/sstable/stored-columns.js'
import { SSTableWriter } from '#src/sstable/writer.js'
import { ByteSink } from '#src/util/byte-sink.js'
import { editToJson, newTreeState, stateToJson, type VersionEdit } from '#src/version/state.js'
import { batchOf } from '../sstable/batches.js'
import { fencesOf, plain } from './fences.js'

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

const fences = fencesOf(new URL('../../docs/format.md', import.meta.url))

function fence(name: string, form: string): string {
  const found = fences.get(name)
  if (found?.form !== form) throw new Error(`docs/format.md has no example ${name} in ${form}`)
  return found.text
}

// --- Keys: `type: value -> bytes`, a line each. A value is JSON, or 5n, or an ISO time, or x'00ff', or a list of these.

function parseValue(text: string): unknown {
  if (text.startsWith('[')) return text.slice(1, -1).split(', ').map(parseValue)
  if (/^-?\d+n$/.test(text)) return BigInt(text.slice(0, -1))
  if (/^\d{4}-\d\d-\d\d/.test(text)) return new Date(text)
  if (/^x'([0-9a-f]{2})*'$/.test(text)) return new Uint8Array(Buffer.from(text.slice(2, -1), 'hex'))
  return JSON.parse(text)
}

function keySchema(...columns: readonly Column[]): Schema {
  const named = columns.map((column, index) => [`c${index}`, column] as const)
  return defineSchema({ columns: named, key: named.map(([name]) => name) })
}

const keySchemas: Record<string, Schema> = {
  bool: keySchema(t.bool()),
  int8: keySchema(t.int8()),
  int16: keySchema(t.int16()),
  int32: keySchema(t.int32()),
  int64: keySchema(t.int64()),
  uint8: keySchema(t.uint8()),
  uint16: keySchema(t.uint16()),
  uint32: keySchema(t.uint32()),
  utf8: keySchema(t.utf8()),
  binary: keySchema(t.binary()),
  date: keySchema(t.date()),
  'timestamp-ms': keySchema(t.timestamp()),
  'timestamp-us': keySchema(t.timestamp('us')),
  'decimal128(5,2)': keySchema(t.decimal128(5, 2)),
  'utf8,int32': keySchema(t.utf8(), t.int32()),
}

interface KeyExample {
  readonly type: string
  readonly value: string
  readonly bytes: string
}

function keyExamples(): readonly KeyExample[] {
  return fence('keys', 'hex')
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [, type = '', value = '', bytes = ''] = /^(\S+)\s+(.*?)\s+-> ([0-9a-f ]+)$/.exec(line) ?? []
      return { type, value, bytes: plain(bytes) }
    })
}

// --- The table whose life the page follows: two records in a log, then an SSTable.

const schema = new Schema(JSON.parse(fence('schema', 'json')) as SchemaJson)
const day = (n: number) => new Date(n * 86_400_000)
const atl = { city: 'ATL', day: day(2), delay: -2, note: 'hi', tag: null }
const bos = { city: 'BOS', day: day(2), delay: null, note: '', tag: Uint8Array.of(1, 2, 3) }

function rowOf(row: Readonly<Record<string, unknown>>): Uint8Array {
  const sink = new ByteSink()
  new RowCodec(schema).append(sink, row)
  return sink.copy()
}

function entryOf(
  key: readonly unknown[],
  row: typeof atl | typeof bos | undefined,
  seqOffset: number,
): Uint8Array {
  const sink = new ByteSink()
  sink.length = sink.reserve(entryHeadBytes) + entryHeadBytes
  appendKey(schema, sink, key)
  const rowStart = sink.length
  if (row !== undefined) new RowCodec(schema).append(sink, row)
  const kind = row === undefined ? entryKinds.delete : entryKinds.put
  writeEntryHead(sink.bytes, 0, kind, rowStart - entryHeadBytes, sink.length - rowStart, seqOffset)
  return sink.copy()
}

const logId = '0123456789abcdef'
const baseSeq = 7

function recordOf(entries: readonly Uint8Array[], durableBytes: number, firstSeqOffset: number): Uint8Array {
  const bytes = new Uint8Array(Buffer.concat([new Uint8Array(recordHeadBytes), ...entries]))
  const id = Buffer.from(logId, 'hex')
  const view = new DataView(bytes.buffer)
  sealRecord(bytes, view, 0, bytes.length, id, durableBytes, entries.length, firstSeqOffset)
  return bytes
}

const putEntry = entryOf(['ATL', day(2)], atl, 0)
const deleteEntry = entryOf(['ATL', day(2)], undefined, 1)
const bosEntry = entryOf(['BOS', day(2)], bos, 2)
const putRecord = recordOf([putEntry], logHeaderBytes, 0)
const batchRecord = recordOf([deleteEntry, bosEntry], logHeaderBytes + putRecord.length, 1)

function voided(record: Uint8Array): Uint8Array {
  const bytes = record.slice()
  voidRecord(bytes, new DataView(bytes.buffer), 0)
  return bytes
}

const state = newTreeState({ id: 1, name: 'flights' }, schema.toJSON())
const manifestHeader = encodeManifestHeader(1)
const stateFrame = encodeManifestFrame(stateToJson(state), manifestHeader.chain)

const logHeader = new Uint8Array(logHeaderBytes)
writeLogHeader(logHeader, {
  id: logId,
  number: 1,
  treeId: 1,
  schemaId: 1,
  baseSeq,
  previous: { number: 0, bytes: 0, digest: 0 },
  manifest: { number: 1, bytes: manifestHeaderBytes + stateFrame.bytes.length, chain: stateFrame.chain },
})

interface Written {
  readonly meta: SSTableMeta
  readonly files: ReadonlyMap<string, Uint8Array>
}

async function writeTable(given: Schema, versions: Parameters<typeof batchOf>[1]): Promise<Written> {
  const fs = new MemoryFileSystem()
  const writer = await SSTableWriter.create(fs, 'table', given, {
    compression: 'snappy',
    pageBytes: 8192,
    sparseIndexInterval: 256,
    hasTombstones: versions.some(({ deleted }) => deleted),
    table: 'flights',
    engineVersion: '0.1.0', // fixed: the page should not change with every release
  })
  await writer.append(batchOf(given, versions))
  const meta = await writer.finish(1_700_000_000_000)
  const names = await fs.list('table')
  const files = await Promise.all(
    names.map(async (name) => [name, await readWhole(fs, `table/${name}`)] as const),
  )
  return { meta, files: new Map(files) }
}

/** What the flush of the log makes: the put of ATL is superseded by its delete. */
const sstable = writeTable(schema, [
  { row: { city: 'ATL', day: day(2) }, seq: 8, deleted: true },
  { row: bos, seq: 9 },
])

const addLog: VersionEdit = { addLogs: [{ number: 1, id: logId, schemaId: 1 }], nextNumber: 2 }
const addLogFrame = encodeManifestFrame(editToJson(addLog), stateFrame.chain)

async function flushEdit(): Promise<VersionEdit> {
  const { meta } = await sstable
  return { removeLogs: [1], addTables: [{ ...meta, number: 2 }], run: { id: 1, level: 0 }, nextNumber: 3 }
}

// --- Which Parquet types columns have.

const everyType: readonly (readonly [name: string, column: Column, value: unknown])[] = [
  ['bool', t.bool(), true],
  ['int8', t.int8(), 1],
  ['int16', t.int16(), 1],
  ['int32', t.int32(), 1],
  ['int64', t.int64(), 1n],
  ['uint8', t.uint8(), 1],
  ['uint16', t.uint16(), 1],
  ['uint32', t.uint32(), 1],
  ['float32', t.float32(), 1],
  ['float64', t.float64(), 1],
  ['utf8', t.utf8(), ''],
  ['binary', t.binary(), new Uint8Array(0)],
  ['date', t.date(), day(0)],
  ['timestamp-ms', t.timestamp(), day(0)],
  ['timestamp-us', t.timestamp('us'), 0n],
  ['decimal128(9,2)', t.decimal128(9, 2), '1'],
  ['decimal128(18,2)', t.decimal128(18, 2), '1'],
  ['decimal128(19,2)', t.decimal128(19, 2), '1'],
  ['decimal128(38,2)', t.decimal128(38, 2), '1'],
  ['json', t.json(), 1],
  ['nullable', t.int32().nullable(), null],
]

async function columnsOfEveryType(): Promise<string> {
  const columns = everyType.map(([name, column]) => [name, column] as const)
  const given = defineSchema({ columns, key: ['int32'] })
  const row = Object.fromEntries(everyType.map(([name, , value]) => [name, value]))
  const { files } = await writeTable(given, [{ row, seq: 1 }])
  return describeColumns(files.get('data.parquet') ?? new Uint8Array(0))
}

const exact = (bytes: Uint8Array) => new Uint8Array(bytes).buffer

/** The columns of a footer, a line each: name, field id, repetition, physical type, logical type. */
function describeColumns(data: Uint8Array): string {
  const [, ...columns] = parquetMetadata(exact(data)).schema
  const lines = columns.map((column) => {
    const logical = column.logical_type
    const { type = 'none', ...parameters } = { ...logical } as { type?: string }
    const values = Object.values(parameters)
    const length = column.type_length === undefined ? '' : `(${column.type_length})`
    const words = [
      column.name.padEnd(17),
      String(column.field_id).padEnd(11),
      (column.repetition_type ?? '').padEnd(9),
      `${column.type}${length}`.padEnd(24),
      type + (values.length > 0 ? `(${values.join(', ')})` : ''),
    ]
    return words.join(' ').trimEnd()
  })
  return `${lines.join('\n')}\n`
}

async function file(name: string): Promise<Uint8Array> {
  const bytes = (await sstable).files.get(name)
  if (bytes === undefined) throw new Error(`an SSTable has no ${name}`)
  return bytes
}

function hashBytes(key: Uint8Array): Uint8Array {
  const { first, second } = hashKey(key)
  return new Uint8Array(Uint32Array.of(first, second).buffer)
}

/** The filter of the uint8 keys below `keys`. */
function filterOf(keys: number): Uint8Array {
  const given = keySchema(t.uint8())
  const versions = Array.from({ length: keys }, (_, i) => ({ row: { c0: i }, seq: 1 }))
  const builder = new KeyFilterBuilder(0.01)
  builder.add(batchOf(given, versions).columns, keys)
  return builder.finish() ?? new Uint8Array(0)
}

type Made<T> = () => T | Promise<T>

const hexExamples: Record<string, Made<Uint8Array>> = {
  'row-atl': () => rowOf(atl),
  'row-bos': () => rowOf(bos),
  'log-header': () => logHeader,
  'record-put': () => putRecord,
  'record-batch': () => batchRecord,
  'record-void-head': () => voided(putRecord).subarray(0, recordHeadBytes),
  'manifest-header': () => manifestHeader.bytes,
  'manifest-frame-heads': async () => {
    const flushFrame = encodeManifestFrame(editToJson(await flushEdit()), addLogFrame.chain)
    return Buffer.concat([stateFrame, addLogFrame, flushFrame].map(({ bytes }) => bytes.subarray(0, 8)))
  },
  checksums: () => {
    const builder = new ChecksumBuilder()
    builder.update(Buffer.alloc(blockBytes, 'a'))
    builder.update(Buffer.from('hello'))
    return encodeChecksums(builder.finish())
  },
  'key-hash': () => hashBytes(encodeKey(schema, ['ATL', day(2)])),
  'filter-body': () => filterOf(64),
  'index-body': async () => (await file('index.sparse')).slice(48, -4),
}

const textExamples: Record<string, Made<string>> = {
  format: () => Buffer.from(encodeFormat()).toString(),
  catalog: () =>
    Buffer.from(encodeCatalog({ nextTableId: 2, tables: [{ id: 1, name: 'flights' }] })).toString(),
  'parquet-columns': columnsOfEveryType,
}

const jsonExamples: Record<string, Made<unknown>> = {
  schema: () => schema.toJSON(),
  'manifest-state': () => stateToJson(state),
  'manifest-log': () => editToJson(addLog),
  'manifest-flush': async () => editToJson(await flushEdit()),
  'log-digest': () => ({
    afterPut: digestRecords(putRecord),
    afterBatch: digestRecords(batchRecord, digestRecords(putRecord)),
  }),
  'parquet-key-values': async () =>
    Object.fromEntries(
      (parquetMetadata(exact(await file('data.parquet'))).key_value_metadata ?? []).map((pair) => [
        pair.key,
        pair.value,
      ]),
    ),
  'parquet-sorting': async () =>
    parquetMetadata(exact(await file('data.parquet'))).row_groups[0]?.sorting_columns,
  constants: () => ({
    keyBytesMax,
    recordBytesMax,
    logHeaderBytes,
    recordHeadBytes,
    entryHeadBytes,
    manifestHeaderBytes,
    blockBytes,
    pageBytesMin,
    seqFieldId,
    deletedFieldId,
    filterKeysMin,
    filterBitsMax,
  }),
}

describe('docs/format.md', () => {
  test('has exactly the examples that are checked here', () => {
    const checked = ['keys', ...[hexExamples, textExamples, jsonExamples].flatMap(Object.keys)]
    expect([...fences.keys()].sort()).toEqual(checked.sort())
  })

  test('has keys of every type', () => {
    expect([...new Set(keyExamples().map(({ type }) => type))]).toEqual(Object.keys(keySchemas))
  })

  test.each(Object.entries(keySchemas))('keys of %s: values, bytes, order', (type, given) => {
    const examples = keyExamples().filter((example) => example.type === type)
    expect(examples.length).toBeGreaterThan(1)
    for (const { value, bytes } of examples) {
      expect(bytes, `${type}: ${value}`).toBe(hexOf(encodeKey(given, parseValue(value))))
    }
    const keys = examples.map(({ bytes }) => bytes)
    expect(keys, 'the lines are in key order').toEqual([...keys].sort())
  })

  test.each(Object.entries(hexExamples))('%s: bytes', async (name, made) => {
    expect(plain(fence(name, 'hex'))).toBe(hexOf(await made()))
  })

  test.each(Object.entries(textExamples))('%s: text', async (name, made) => {
    expect(fence(name, 'text')).toBe(await made())
  })

  test.each(Object.entries(jsonExamples))('%s: JSON, its fields in their order', async (name, made) => {
    expect(JSON.stringify(JSON.parse(fence(name, 'json')))).toBe(JSON.stringify(await made()))
  })

  test('a file with tombstones has OPTIONAL value columns', async () => {
    const columns = describeColumns(await file('data.parquet'))
      .trimEnd()
      .split('\n')
    const repetitions = columns.map((line) => line.split(/ +/)[2])
    expect(repetitions.join(' ')).toBe('REQUIRED REQUIRED OPTIONAL OPTIONAL OPTIONAL REQUIRED REQUIRED')
  })

  test('the log of the examples is a log', () => {
    const bytes = new Uint8Array(Buffer.concat([logHeader, putRecord, batchRecord]))
    const header = readLogHeader('000001.wal', bytes)
    expect(header).toMatchObject({ id: logId, number: 1, baseSeq })
    const contents = header && readLog('000001.wal', bytes, header, false)
    expect(contents).toMatchObject({ entries: 3, lastSeqOffset: 2, bytes: bytes.length })
  })
})
