// The stitcher by itself, as an export uses it: no `_seq`, public types, no sorting.

import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { describe, expect, test } from 'vitest'
import { bytesVector, fixedVector, type Vector } from '#src/format/vector.js'
import { readWhole } from '#src/fs/file-system.js'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { encodeRowGroup } from '#src/sstable/encode-row-group.js'
import { decodeFooter } from '#src/sstable/parquet-footer.js'
import { ParquetStitcher, type StitchOptions } from '#src/sstable/stitch.js'
import type { FileColumn } from '#src/sstable/stored-columns.js'
import { numberOf, structsOf } from '#src/sstable/thrift.js'

const columns: readonly FileColumn[] = [
  { name: 'small', fieldId: 5, type: { kind: 'uint8' }, nullable: false, encoding: 'dictionary' },
  { name: 'a.b', fieldId: undefined, type: { kind: 'utf8' }, nullable: true, encoding: 'plain' },
  { name: 'é', fieldId: 7, type: { kind: 'timestamp', unit: 'ms' }, nullable: false, encoding: 'delta' },
]
const options = { createdBy: 'a test', sorting: [] }

function vectors(rows: number, from: number): readonly Vector[] {
  const ids = Array.from({ length: rows }, (_, i) => from + i)
  const offsets = Int32Array.from({ length: rows + 1 }, (_, i) => i)
  return [
    fixedVector('uint8', Uint8Array.from(ids)),
    bytesVector(
      new Uint8Array(rows).fill(120),
      offsets,
      Uint8Array.from(ids, (id) => id % 2),
    ),
    fixedVector('int64', BigInt64Array.from(ids, BigInt)),
  ]
}

function part(rows: number, from: number, described = columns): Uint8Array {
  const encode = { compression: 'snappy', pageBytes: 1024 } as const
  return encodeRowGroup(described, vectors(rows, from), rows, encode)
}

async function stitch(parts: readonly Uint8Array[], keyValues = new Map<string, string>(), more = {}) {
  const fs = new MemoryFileSystem()
  const file = await fs.open('/out.parquet', 'create')
  const stitcher = new ParquetStitcher(file, { ...options, ...more } as StitchOptions)
  for (const bytes of parts) await stitcher.append(bytes)
  await stitcher.finish(keyValues)
  const bytes = await readWhole(fs, '/out.parquet')
  return { bytes, stitcher, metadata: parquetMetadata(bytes) }
}

describe('stitcher', () => {
  test('joins parts of any number of rows', async () => {
    const sizes = [3, 1, 5000, 200]
    let from = 0
    const parts = sizes.map((rows) => {
      from += rows
      return part(rows, from - rows)
    })
    const { bytes, stitcher, metadata } = await stitch(parts)
    expect(metadata.row_groups.map((group) => Number(group.num_rows))).toEqual(sizes)
    expect(Number(metadata.num_rows)).toBe(from)
    expect([stitcher.rows, stitcher.rowGroups, stitcher.bytes]).toEqual([from, 4, bytes.length])
    const rows = await parquetReadObjects({ file: bytes.slice().buffer })
    expect(rows).toEqual(
      Array.from({ length: from }, (_, id) => {
        return { small: id % 256, 'a.b': id % 2 === 0 ? null : 'x', é: new Date(id) }
      }),
    )
  })

  test('keeps types and field ids, and puts only the given metadata into the footer', async () => {
    const { metadata } = await stitch(
      [part(2, 0)],
      new Map([
        ['a', 'b'],
        ['é', ''],
      ]),
    )
    expect(metadata.schema.slice(1).map(({ name, field_id }) => [name, field_id])).toEqual([
      ['small', 5],
      ['a.b', undefined],
      ['é', 7],
    ])
    expect(metadata.schema[1]!.logical_type).toMatchObject({ type: 'INTEGER', bitWidth: 8, isSigned: false })
    expect(metadata.key_value_metadata).toEqual([
      { key: 'a', value: 'b' },
      { key: 'é', value: '' },
    ])
    expect(metadata.created_by).toBe('a test')
    expect(metadata.row_groups[0]!.sorting_columns).toBeUndefined()
    expect((await stitch([part(2, 0)])).metadata.key_value_metadata).toBeUndefined()
  })

  test('a stitched file of one part differs from the part in its footer only', async () => {
    const only = part(5000, 0)
    const { bytes } = await stitch([only])
    const [group] = structsOf(decodeFooter(only), 4)
    const [mine] = structsOf(decodeFooter(bytes), 4)
    expect(mine!.fields.filter(({ id }) => id !== 7)).toEqual(group!.fields.filter(({ id }) => id !== 7))
    const [chunk] = structsOf(group!, 1)
    const pagesEnd = numberOf(chunk!, 6) // where its first column index is
    expect(Buffer.compare(bytes.subarray(0, pagesEnd), only.subarray(0, pagesEnd))).toBe(0)
  })

  test('shows all bytes that it writes, in order', async () => {
    const seen: Uint8Array[] = []
    const observe = (bytes: Uint8Array) => seen.push(bytes.slice())
    const { bytes } = await stitch([part(300, 0), part(300, 300)], new Map(), { observe })
    expect(new Uint8Array(Buffer.concat(seen))).toEqual(bytes)
  })

  test('parts of different schemas are a bug of the caller', async () => {
    const other = columns.map((column) => ({ ...column, nullable: true }))
    await expect(stitch([part(2, 0), part(2, 2, other)])).rejects.toThrow('one schema')
    await expect(stitch([])).rejects.toThrow('has a row group')
  })
})
