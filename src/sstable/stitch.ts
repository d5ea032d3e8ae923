// Joins Parquet files of one row group each into one file, without decoding a page: the parts' column chunks
// are copied one behind the other, the positions in their metadata shifted, and one page index and one footer
// written at the end.
//
//   "PAR1"  chunks of group 0  chunks of group 1  …  Bloom filters  column indexes  offset indexes  footer  length  "PAR1"
//
// So memory holds one row group at a time, row groups end where the caller wants, and the footer is ours: it
// can say what the encoder has no setting for. Fields that nobody here knows are carried over as they are.

import type { FileHandle } from '../fs/file-system.js'
import { assert } from '../util/assert.js'
import { equalBytes } from '../util/bytes.js'
import {
  codecOf,
  columnChunk,
  decodeFooter,
  type FileSlice,
  fileMetaData,
  moveRowGroup,
  type PageIndexes,
  parquetMagic,
  rowGroup,
  type SortingColumn,
  sortingList,
  storedColumns,
  withBloomFilter,
} from './parquet-footer.js'
import type { ChunkPages, StoredColumn } from './sparse-index-builder.js'
import {
  decodeThrift,
  encodeThrift,
  structList,
  structOf,
  structsOf,
  type ThriftStruct,
  thriftStruct,
  thriftTypes,
  withField,
} from './thrift.js'

const { i16, i32, i64, binary, list, struct } = thriftTypes
const encoder = new TextEncoder()

/** Row groups beyond this have no ordinal, which is an i16. */
const ordinalMax = 32_767

export interface StitchOptions {
  readonly createdBy: string
  readonly sorting: readonly SortingColumn[]
  /** Sees all bytes of the file in their order. */
  readonly observe?: (bytes: Uint8Array) => void
}

/** Bloom filters of a row group by column, their headers included; a column may have none. */
export type ChunkFilters = ReadonlyMap<number, Uint8Array>

const noFilters: ChunkFilters = new Map()

interface CopiedGroup {
  readonly metadata: ThriftStruct
  readonly filters: ChunkFilters
  /** Per column. */
  readonly indexes: readonly PageIndexes[]
}

/**
 * Writes one Parquet file out of parts, each a Parquet file of one row group with a page index, all of one
 * schema. The file is the caller's: created before, synced and closed afterwards. After an error it is of no
 * use.
 */
export class ParquetStitcher {
  readonly #file: Pick<FileHandle, 'write'>
  readonly #options: StitchOptions
  readonly #groups: CopiedGroup[] = []
  /** The first part's, of which ours is made. */
  #footer: ThriftStruct | undefined
  #schemaBytes: Uint8Array = new Uint8Array(0)
  #rows = 0
  #at = 0

  constructor(file: Pick<FileHandle, 'write'>, options: StitchOptions) {
    this.#file = file
    this.#options = options
  }

  /** Rows appended. */
  get rows(): number {
    return this.#rows
  }

  /** Bytes written. */
  get bytes(): number {
    return this.#at
  }

  /** Number of row groups appended. */
  get rowGroups(): number {
    return this.#groups.length
  }

  /** Appends the row group of a part and says where its pages lie now, per column. */
  async append(part: Uint8Array, filters = noFilters): Promise<readonly ChunkPages[]> {
    const footer = decodeFooter(part)
    assert(structsOf(footer, fileMetaData.rowGroups).length === 1, 'a part has one row group')
    return this.carry(footer, 0, (from, to) => part.subarray(from, to), filters)
  }

  /**
   * Appends row group number `index` of another file with this footer, asking `slice` for its pages and page indexes; says
   * where its pages lie now, per column. Bloom filters that it had stay behind: `filters` are those that it gets.
   */
  async carry(
    footer: ThriftStruct,
    index: number,
    slice: FileSlice,
    filters = noFilters,
  ): Promise<readonly ChunkPages[]> {
    const group = structsOf(footer, fileMetaData.rowGroups)[index]
    assert(group !== undefined, 'the row group is one of the file')
    this.#keepFooter(footer)
    if (this.#at === 0) await this.#write(parquetMagic)
    const { metadata, pages, indexes, bytes, rows } = moveRowGroup(slice, group, this.#at)
    await this.#write(bytes)
    this.#groups.push({ metadata: this.#label(metadata), filters, indexes })
    this.#rows += rows
    return pages
  }

  /** How the columns are stored. Requires: a part was appended. */
  columns(): { readonly columns: readonly StoredColumn[]; readonly codec: number } {
    const [first] = this.#groups
    assert(this.#footer !== undefined && first !== undefined, 'a part was appended')
    return { columns: storedColumns(this.#footer), codec: codecOf(first.metadata) }
  }

  /**
   * Writes Bloom filters, page index and footer. The footer's key-value metadata is exactly `keyValues`: the parts' own, which
   * is Arrow's schema, says nothing that Parquet's schema and its logical types do not, and is left out.
   */
  async finish(keyValues: ReadonlyMap<string, string>): Promise<void> {
    assert(this.#footer !== undefined, 'a file has a row group')
    await this.#writeFilters()
    const groups = await this.#writeIndexes()
    const pairs = [...keyValues].map(([key, value]) =>
      thriftStruct([1, binary, encoder.encode(key)], [2, binary, encoder.encode(value)]),
    )
    let footer = withField(this.#footer, fileMetaData.rows, i64, this.#rows)
    footer = withField(footer, fileMetaData.rowGroups, list, structList(groups))
    footer = withField(footer, fileMetaData.keyValues, list, pairs.length > 0 ? structList(pairs) : undefined)
    footer = withField(footer, fileMetaData.createdBy, binary, encoder.encode(this.#options.createdBy))
    const encoded = encodeThrift(footer)
    const tail = new Uint8Array(encoded.length + 8)
    tail.set(encoded)
    new DataView(tail.buffer).setUint32(encoded.length, encoded.length, true)
    tail.set(parquetMagic, encoded.length + 4)
    await this.#write(tail)
  }

  async #writeFilters(): Promise<void> {
    for (const [g, { metadata, filters, indexes }] of this.#groups.entries()) {
      if (filters.size === 0) continue
      const chunks = [...structsOf(metadata, rowGroup.columns)]
      for (const [column, bytes] of filters) {
        const place = { at: this.#at, length: bytes.length }
        const placed = withBloomFilter(structOf(chunks[column]!, columnChunk.metadata), place)
        chunks[column] = withField(chunks[column]!, columnChunk.metadata, struct, placed)
        await this.#write(bytes)
      }
      const withFilters = withField(metadata, rowGroup.columns, list, structList(chunks))
      this.#groups[g] = { metadata: withFilters, filters: noFilters, indexes }
    }
  }

  /** Parquet wants all column indexes together, then all offset indexes, right before the footer. */
  async #writeIndexes(): Promise<readonly ThriftStruct[]> {
    const { columnIndexOffset, columnIndexLength, offsetIndexOffset, offsetIndexLength } = columnChunk
    const pieces: Uint8Array[] = []
    let at = this.#at
    const place = (bytes: Uint8Array | undefined) => {
      if (bytes === undefined) return undefined
      pieces.push(bytes)
      at += bytes.length
      return at - bytes.length
    }
    const columnAt = this.#groups.map(({ indexes }) => indexes.map(({ column }) => place(column)))
    const offsetAt = this.#groups.map(({ indexes }) => indexes.map(({ offset }) => place(offset)))
    await this.#write(Buffer.concat(pieces))
    return this.#groups.map(({ metadata, indexes }, g) => {
      const chunks = structsOf(metadata, rowGroup.columns).map((chunk, c) => {
        const { column, offset } = indexes[c]!
        let placed = withField(chunk, offsetIndexOffset, i64, offsetAt[g]![c])
        placed = withField(placed, offsetIndexLength, i32, offset.length)
        placed = withField(placed, columnIndexOffset, i64, columnAt[g]![c])
        return withField(placed, columnIndexLength, i32, column?.length)
      })
      return withField(metadata, rowGroup.columns, list, structList(chunks))
    })
  }

  /** Says of a row group what its part could not: how it is sorted, and which of the file's it is. */
  #label(metadata: ThriftStruct): ThriftStruct {
    const { sorting } = this.#options
    const ordinal = this.#groups.length
    const sorted = sorting.length > 0 ? sortingList(sorting) : undefined
    const labelled = withField(metadata, rowGroup.sorting, list, sorted)
    return withField(labelled, rowGroup.ordinal, i16, ordinal <= ordinalMax ? ordinal : undefined)
  }

  #keepFooter(footer: ThriftStruct): void {
    const schema = structList(structsOf(footer, fileMetaData.schema))
    const bytes = encodeThrift(thriftStruct([fileMetaData.schema, list, schema]))
    if (this.#footer === undefined) {
      const bare = withField(footer, fileMetaData.rowGroups, list, undefined)
      // Decoded again from bytes of its own, so that the first part's bytes can go.
      this.#footer = decodeThrift(encodeThrift(bare)).value
      this.#schemaBytes = bytes
    } else assert(equalBytes(bytes, this.#schemaBytes), 'all parts of a file have one schema')
  }

  async #write(bytes: Uint8Array): Promise<void> {
    this.#options.observe?.(bytes)
    await this.#file.write(bytes, this.#at)
    this.#at += bytes.length
  }
}
