import { Table, tableFromIPC, tableToIPC } from 'apache-arrow'
import { describe, expect, test } from 'vitest'
import { arrowSchema, packBits, toRecordBatch } from '#src/format/arrow.js'
import type { Batch } from '#src/format/batch.js'
import { t } from '#src/format/column.js'
import { defineSchema } from '#src/format/schema.js'
import { bytesVector, fixedVector, sliceVector, type Vector } from '#src/format/vector.js'

const text = new TextEncoder().encode('onetwothree')
const rows = 4
const vectors = {
  bool: fixedVector('bool', Uint8Array.of(1, 0, 1, 1)),
  int8: fixedVector('int8', Int8Array.of(-128, 127, 0, 1)),
  int64: fixedVector(
    'int64',
    BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n, 0n, 1n),
    Uint8Array.of(1, 1, 0, 1),
  ),
  uint8: fixedVector('uint8', Uint8Array.of(0, 255, 1, 2)),
  uint16: fixedVector('uint16', Uint16Array.of(0, 65535, 1, 2)),
  uint32: fixedVector('uint32', Uint32Array.of(0, 4294967295, 1, 2)),
  float32: fixedVector('float32', Float32Array.of(-0, Number.NaN, Infinity, 1.5)),
  utf8: bytesVector(text, Int32Array.of(0, 3, 3, 6, 11), Uint8Array.of(1, 0, 1, 1)),
  binary: bytesVector(text, Int32Array.of(3, 6, 6, 11, 11)),
  json: bytesVector(new TextEncoder().encode('1null[]{}'), Int32Array.of(0, 1, 5, 7, 9)),
  date: fixedVector('int32', Int32Array.of(0, -1, 365, 1)),
  ms: fixedVector('int64', BigInt64Array.of(0n, -1n, 1_000n, 1n)),
  us: fixedVector('int64', BigInt64Array.of(0n, -1n, 1_000n, 1n)),
  decimal: fixedVector('int128', Uint32Array.of(1, 0, 0, 0, ~0, ~0, ~0, ~0, 5, 0, 0, 0, 7, 1, 0, 0)),
}
const schema = defineSchema({
  columns: {
    bool: t.bool(),
    int8: t.int8(),
    int64: t.int64().nullable(),
    uint8: t.uint8(),
    uint16: t.uint16(),
    uint32: t.uint32(),
    float32: t.float32(),
    utf8: t.utf8().nullable(),
    binary: t.binary(),
    json: t.json(),
    date: t.date(),
    ms: t.timestamp('ms'),
    us: t.timestamp('us'),
    decimal: t.decimal128(20, 2),
  },
  key: ['int8'],
})
const all = schema.columns.map((_, index) => index)

function batch(from: number, to: number, columns: readonly Vector[] = Object.values(vectors)): Batch {
  const sliced = columns.map((vector) => sliceVector(vector, from, to))
  return { rows: to - from, columns: sliced, seq: new Float64Array(to - from), deleted: undefined }
}

describe('Arrow', () => {
  test("types are the columns' own", () => {
    const fields = arrowSchema(schema, all).fields.map(({ name, type, nullable }) => [
      name,
      String(type),
      nullable,
    ])
    expect(fields).toEqual([
      ['bool', 'Bool', false],
      ['int8', 'Int8', false],
      ['int64', 'Int64', true],
      ['uint8', 'Uint8', false],
      ['uint16', 'Uint16', false],
      ['uint32', 'Uint32', false],
      ['float32', 'Float32', false],
      ['utf8', 'Utf8', true],
      ['binary', 'Binary', false],
      ['json', 'Utf8', false],
      ['date', 'Date32<DAY>', false],
      ['ms', 'Timestamp<MILLISECOND, UTC>', false],
      ['us', 'Timestamp<MICROSECOND, UTC>', false],
      ['decimal', 'Decimal[20e+2]', false],
    ])
  })

  test.each([
    [0, rows],
    [1, 3],
    [3, 4],
  ])('rows %i to %i come back, also through IPC', (from, to) => {
    const record = toRecordBatch(schema, all, batch(from, to))
    for (const table of [new Table([record]), tableFromIPC(tableToIPC(new Table([record])))]) {
      const values = (name: string) => [...table.getChild(name)!]
      expect(table.numRows).toBe(to - from)
      const int64 = [-(2n ** 63n), 2n ** 63n - 1n, null, 1n]
      expect(values('bool')).toEqual([true, false, true, true].slice(from, to))
      expect(values('int64')).toEqual(int64.slice(from, to))
      expect(values('uint32')).toEqual([0, 4294967295, 1, 2].slice(from, to))
      expect(values('float32')).toEqual([-0, Number.NaN, Infinity, 1.5].slice(from, to))
      expect(values('utf8')).toEqual(['one', null, 'two', 'three'].slice(from, to))
      const binary = ['two', '', 'three', '']
      expect(values('binary').map((bytes) => Buffer.from(bytes).toString())).toEqual(binary.slice(from, to))
      expect(values('json')).toEqual(['1', 'null', '[]', '{}'].slice(from, to))
      expect(values('date').map(Number)).toEqual([0, -86_400_000, 31_536_000_000, 86_400_000].slice(from, to))
      expect(values('ms').map(Number)).toEqual([0, -1, 1000, 1].slice(from, to))
      expect([...table.getChild('us')!.toArray()]).toEqual([0n, -1n, 1000n, 1n].slice(from, to))
      const words = [1, 0, 0, 0, 2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1, 5, 0, 0, 0, 7, 1, 0, 0]
      expect([...table.getChild('decimal')!.toArray()]).toEqual(words.slice(4 * from, 4 * to))
    }
  })

  test('values are not copied', () => {
    const record = toRecordBatch(schema, all, batch(0, rows))
    expect(record.getChild('uint8')!.data[0]!.values.buffer).toBe(vectors.uint8.values.buffer)
    expect(record.getChild('utf8')!.data[0]!.values.buffer).toBe(text.buffer)
  })

  test('a projection has its columns only, and no column at all still has rows', () => {
    const record = toRecordBatch(schema, [0, 7], batch(0, rows, [vectors.bool, vectors.utf8]))
    expect(record.schema.names).toEqual(['bool', 'utf8'])
    expect(toRecordBatch(schema, [], batch(0, rows, [])).numRows).toBe(rows)
  })

  test('flags are packed lowest bit first', () => {
    expect(packBits(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 1, 1))).toEqual({
      bits: Uint8Array.of(0x81, 1),
      zeros: 6,
    })
    expect(packBits(new Uint8Array(0))).toEqual({ bits: new Uint8Array(0), zeros: 0 })
  })
})
