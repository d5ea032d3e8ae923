// What an SSTable's own metadata says of values: least, greatest and nulls per row group (Parquet's Statistics) and per page
// (its ColumnIndex). https://github.com/apache/parquet-format/blob/master/PageIndex.md
//
// 1. Parquet cuts long strings, the least downwards, the greatest upwards: bounds hold, but need not be values.
// 2. Statistics of floats pass over NaN.
// 3. What is missing, or cannot be read as a value of the column, is unknown: never an error, never a reason to skip.

import { corruption } from '../errors.js'
import { type ColumnBounds, unbounded } from '../format/predicate-bounds.js'
import { bytesVector, type Vector } from '../format/vector.js'
import { type Reading, SharedReading } from '../fs/reading.js'
import type { FileColumn } from './column-pages.js'
import { toLayout } from './decode/layouts.js'
import { PageDamage } from './decode/page-damage.js'
import { encodings, physicalTypes, readValues } from './decode/values.js'
import type { Held, HeldRing } from './held.js'
import { chunkMetadata, columnChunk, fileMetaData, rowGroup } from './parquet-footer.js'
import type { SparseIndex } from './sparse-index.js'
import {
  decodeThrift,
  fieldOf,
  numberOf,
  structOf,
  structsOf,
  type ThriftStruct,
  type ThriftValue,
} from './thrift.js'
import type { VerifiedFile } from './verified-file.js'

/** Fields of Parquet's Statistics and ColumnIndex, by their numbers. */
const statistics = { nullCount: 3, greatest: 5, least: 6 } as const
const columnIndex = { nullPages: 1, least: 2, greatest: 3, nullCounts: 5 } as const

/** The footer's length and the magic. */
const tailBytes = 8
/** Memory of a decoded tree per byte of Thrift, about. */
const treeFactor = 8
/** Memory of the bounds of a page, about. */
const pageBoundsBytes = 400

/** The chunks of a file as its footer tells of them: `chunks[group][column]`. */
type Chunks = readonly (readonly ThriftStruct[])[]

/** The statistics of one file; reads them at first need, and keeps them as long as there is room. */
export class FileStatistics {
  readonly #file: VerifiedFile
  readonly #fileBytes: number
  readonly #memory: HeldRing
  readonly #loading = new SharedReading()
  #chunks: Held<Chunks> | undefined
  /** By number of the chunk. */
  readonly #pages = new Map<number, Held<readonly ColumnBounds[]>>()

  constructor(file: VerifiedFile, fileBytes: number, memory: HeldRing) {
    this.#file = file
    this.#fileBytes = fileBytes
    this.#memory = memory
  }

  /** Gives up what is kept. */
  close(): void {
    this.#memory.release(this.#chunks)
    for (const held of this.#pages.values()) this.#memory.release(held)
    this.#pages.clear()
  }

  /** The bounds of a column in a row group of `rows` rows. */
  *ofGroup(column: FileColumn, group: number, rows: number): Reading<ColumnBounds> {
    const chunk = yield* this.#chunk(column, group)
    const found = chunk && fieldOf(structOf(chunk, columnChunk.metadata), chunkMetadata.statistics)
    if (found === undefined || !(typeof found === 'object' && 'fields' in found))
      return withoutStatistics(column)
    const nullCount = numberOf(found, statistics.nullCount)
    const least = boundOf(column, fieldOf(found, statistics.least))
    const greatest = boundOf(column, fieldOf(found, statistics.greatest))
    return { least, greatest, nulls: nullsOf(column, nullCount, rows) }
  }

  /** The bounds of a column in each of its pages in a row group, in order. */
  *ofPages(index: SparseIndex, column: FileColumn, group: number): Reading<readonly ColumnBounds[]> {
    const number = group * index.columns + column.number
    const known = this.#pages.get(number)
    if (known?.value !== undefined) {
      known.used = true
      return known.value
    }
    const bounds = yield* this.#readPages(index, column, group)
    this.#memory.release(known)
    this.#pages.set(number, this.#memory.hold(bounds, bounds.length * pageBoundsBytes))
    return bounds
  }

  *#readPages(index: SparseIndex, column: FileColumn, group: number): Reading<readonly ColumnBounds[]> {
    const number = group * index.columns + column.number
    const from = index.chunkPages[number]!
    const pages = index.chunkPages[number + 1]! - from
    const unknown = () => Array.from({ length: pages }, () => withoutStatistics(column))
    const chunk = yield* this.#chunk(column, group)
    const at = chunk && numberOf(chunk, columnChunk.columnIndexOffset)
    if (chunk === undefined || at === undefined) return unknown()
    const bytes = yield* this.#file.read(at, at + (numberOf(chunk, columnChunk.columnIndexLength) ?? 0))
    const found = this.#decode(bytes, at)
    const [nullPages, least, greatest, nullCounts] = [
      itemsOf(found, columnIndex.nullPages),
      itemsOf(found, columnIndex.least),
      itemsOf(found, columnIndex.greatest),
      itemsOf(found, columnIndex.nullCounts),
    ]
    if (nullPages?.length !== pages || least?.length !== pages || greatest?.length !== pages) return unknown()
    return Array.from({ length: pages }, (_, page): ColumnBounds => {
      if (nullPages[page] === true) return { ...unbounded, nulls: 'all' }
      const nulls = nullCounts?.[page]
      const rows = index.pageEndRow(number, from + page) - index.pageFirstRow[from + page]!
      return {
        least: boundOf(column, least[page]),
        greatest: boundOf(column, greatest[page]),
        nulls: nullsOf(column, typeof nulls === 'number' ? nulls : undefined, rows),
      }
    })
  }

  *#chunk(column: FileColumn, group: number): Reading<ThriftStruct | undefined> {
    for (;;) {
      const known = this.#chunks
      if (known?.value !== undefined) {
        known.used = true
        return known.value[group]?.[column.number]
      }
      const chunks = yield* this.#loading.run(() => this.#readFooter())
      if (chunks !== undefined) return chunks[group]?.[column.number]
    }
  }

  *#readFooter(): Reading<Chunks> {
    const end = this.#fileBytes - tailBytes
    const tail = yield* this.#file.read(end, this.#fileBytes)
    const length = new DataView(tail.buffer, tail.byteOffset).getUint32(0, true)
    const footer = this.#decode(yield* this.#file.read(end - length, end), end - length)
    const chunks = structsOf(footer, fileMetaData.rowGroups).map((group) => structsOf(group, rowGroup.columns))
    this.#memory.release(this.#chunks)
    this.#chunks = this.#memory.hold(chunks, length * treeFactor)
    return chunks
  }

  #decode(bytes: Uint8Array, at: number): ThriftStruct {
    try {
      return decodeThrift(bytes).value
    } catch (error) {
      throw corruption(this.#file.path, at, 'no Parquet metadata lies here', error)
    }
  }
}

/** Least and greatest value of an INT64 column in a row group, by the footer; undefined: it does not say. */
export function integerBounds(
  footer: ThriftStruct,
  group: number,
  column: number,
): { readonly least: number; readonly greatest: number } | undefined {
  const chunk = structsOf(structsOf(footer, fileMetaData.rowGroups)[group]!, rowGroup.columns)[column]!
  const found = fieldOf(structOf(chunk, columnChunk.metadata), chunkMetadata.statistics)
  if (!(typeof found === 'object' && 'fields' in found)) return undefined
  const [least, greatest] = [statistics.least, statistics.greatest].map((id) => {
    const bytes = fieldOf(found, id)
    if (!(bytes instanceof Uint8Array) || bytes.length !== 8) return undefined
    return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(0, true))
  })
  return least === undefined || greatest === undefined ? undefined : { least, greatest }
}

function withoutStatistics(column: FileColumn): ColumnBounds {
  return column.optional ? unbounded : { ...unbounded, nulls: 'none' }
}

function nullsOf(column: FileColumn, count: number | undefined, rows: number): ColumnBounds['nulls'] {
  if (!column.optional || count === 0) return 'none'
  return count === rows ? 'all' : 'some'
}

function itemsOf(struct: ThriftStruct, id: number): readonly ThriftValue[] | undefined {
  const value = fieldOf(struct, id)
  return typeof value === 'object' && 'items' in value ? value.items : undefined
}

/** A bound as a vector of one row in the column's layout; undefined where there is none. */
function boundOf(column: FileColumn, bytes: ThriftValue | undefined): Vector | undefined {
  if (!(bytes instanceof Uint8Array)) return undefined
  const { physicalType, typeLength, layout, bytesMax } = column
  if (layout === 'bytes') {
    return physicalType === physicalTypes.byteArray
      ? bytesVector(bytes, Int32Array.of(0, bytes.length))
      : undefined
  }
  try {
    const vector = toLayout(readValues(bytes, encodings.plain, physicalType, typeLength, 1, bytesMax), layout)
    return Number.isNaN(vector.values[0]) ? undefined : vector
  } catch (error) {
    if (error instanceof PageDamage) return undefined
    throw error
  }
}
