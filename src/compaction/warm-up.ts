// The first flush of a thread pays for compiling everything it runs, WASM included: twice the time of the second. A
// thread that is told that a flush will come has nothing better to do than to pay for that before.

import { entryEndAt } from '../format/entry.js'
import { entriesToBatch } from '../format/entry-batch.js'
import { logHeaderBytes, recordHeadBytes } from '../format/log-record.js'
import { RowCodec } from '../format/row-codec.js'
import { Schema } from '../format/schema.js'
import { sortEntries } from '../format/sort-entries.js'
import { Memtable } from '../memtable/memtable.js'
import { sorted } from '../memtable/sorted.js'
import { encodeRowGroup } from '../sstable/encode-row-group.js'
import { sstableColumns, storedVectors } from '../sstable/stored-columns.js'
import { blockRows, SortedLog } from './sorted-log.js'

const rows = 8192
const rounds = 3

const schema = new Schema({
  id: 1,
  key: ['key'],
  columns: [
    { id: 1, name: 'key', kind: 'utf8' },
    { id: 2, name: 'time', kind: 'timestamp', unit: 'ms' },
    { id: 3, name: 'value', kind: 'float64' },
    { id: 4, name: 'count', kind: 'int32', nullable: true },
    { id: 5, name: 'text', kind: 'utf8' },
  ],
})

let isWarm = false

/** Sorts, decodes and encodes some thousand made-up rows, once per thread. Takes some 100 ms. */
export function warmUp(): void {
  if (isWarm) return
  isWarm = true
  for (let round = 0; round < rounds; round++) encodeMadeUpRows()
}

function encodeMadeUpRows(): void {
  const memtable = new Memtable({ schema, rep: sorted, baseSeq: 1, bytesMax: 1 << 24, rowsMax: rows })
  memtable.beginRecord()
  for (let i = 0; i < rows; i++) {
    const k = (i * 7919) % rows
    const row = {
      key: `key:${k}`,
      time: new Date(k),
      value: Math.sin(k),
      count: i % 3 ? k : null,
      text: `text ${k % 999}`,
    }
    memtable.addPut(row, 1 + i)
  }
  const { bytes } = memtable
  const entries = new Uint32Array(rows)
  let entry = logHeaderBytes + recordHeadBytes
  for (let i = 0; i < rows; i++, entry = entryEndAt(bytes, entry)) entries[i] = entry
  sortEntries(bytes, entries)
  const log = new SortedLog(bytes, entries, 1, [])
  const codec = new RowCodec(schema)
  const projection = schema.columns.map((_, index) => index)
  for (let block = log.next(blockRows); block !== undefined; block = log.next(blockRows)) {
    const batch = entriesToBatch(codec, bytes, block.entries, 1, projection)
    const columns = sstableColumns(schema, false)
    const settings = { compression: 'snappy', pageBytes: 8192 } as const
    encodeRowGroup(columns, storedVectors(schema, columns, batch), batch.rows, settings)
  }
}
