// Pages one behind the other: a header in Thrift's compact protocol, and the content, compressed.
// https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift (PageHeader)

import { ByteSink } from '../../util/byte-sink.js'
import { encodings } from '../decode/values.js'
import { appendVarint } from './hybrid.js'
import { compressSnappy } from './snappy.js'

/** Parquet's numbers of page types. */
export const pageTypes = { data: 0, dictionary: 2 } as const

/** Memory of one page, kept for the next ones unless a page was far larger. */
const scratchBytes = 1 << 16
const keptBytes = 1 << 20
let contentScratch = new ByteSink(scratchBytes)
let compressedScratch = new ByteSink(scratchBytes)

function emptied(scratch: ByteSink): ByteSink {
  const sink = scratch.bytes.length > keptBytes ? new ByteSink(scratchBytes) : scratch
  sink.length = 0
  return sink
}

/** A field of type i32, one behind the field before; a struct, some fields behind. */
const i32Field = 0x15
const structField = (step: number) => (step << 4) | 12
const falseField = 0x12

/** Where a page lies. */
export interface PlacedPage {
  readonly offset: number
  /** Header and compressed content. */
  readonly bytes: number
}

/** Appends pages to a file in memory. One at a time: all share the memory for a page. */
export class PageWriter {
  readonly #file: ByteSink
  readonly #isCompressed: boolean
  /** Content of a page that is put together. */
  readonly content: ByteSink
  readonly #compressed: ByteSink
  /** Bytes of the pages so far, with their headers, before compression. */
  uncompressedBytes = 0

  constructor(file: ByteSink, isCompressed: boolean) {
    contentScratch = emptied(contentScratch)
    compressedScratch = emptied(compressedScratch)
    this.#file = file
    this.#isCompressed = isCompressed
    this.content = contentScratch
    this.#compressed = compressedScratch
  }

  /** Writes a page whose content is bytes `from` up to but not with `to`. */
  write(
    type: number,
    encoding: number,
    values: number,
    bytes: Uint8Array,
    from: number,
    to: number,
  ): PlacedPage {
    const file = this.#file
    const offset = file.length
    const stored = this.#isCompressed ? this.#compress(bytes, from, to) : bytes.subarray(from, to)
    this.#header(type, encoding, values, to - from, stored.length)
    this.uncompressedBytes += file.length - offset + to - from
    file.append(stored)
    return { offset, bytes: file.length - offset }
  }

  /** Writes a page of `content`, which is then empty. */
  writeContent(type: number, encoding: number, values: number): PlacedPage {
    const { content } = this
    const page = this.write(type, encoding, values, content.bytes, 0, content.length)
    content.length = 0
    return page
  }

  #compress(bytes: Uint8Array, from: number, to: number): Uint8Array {
    const sink = this.#compressed
    sink.length = 0
    compressSnappy(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), from, to, sink)
    return sink.bytes.subarray(0, sink.length)
  }

  #header(type: number, encoding: number, values: number, size: number, storedSize: number): void {
    this.#byte(i32Field)
    this.#integer(type)
    this.#byte(i32Field)
    this.#integer(size)
    this.#byte(i32Field)
    this.#integer(storedSize)
    this.#byte(structField(type === pageTypes.data ? 2 : 4)) // field 5 or 7
    this.#byte(i32Field)
    this.#integer(values)
    this.#byte(i32Field)
    this.#integer(encoding)
    if (type === pageTypes.data) {
      for (let levels = 0; levels < 2; levels++) {
        this.#byte(i32Field)
        this.#integer(encodings.rle)
      }
    } else this.#byte(falseField) // the dictionary is not sorted
    this.#byte(0)
    this.#byte(0)
  }

  #byte(byte: number): void {
    const file = this.#file
    file.reserve(1)
    file.bytes[file.length++] = byte
  }

  /** Zigzag; never negative. */
  #integer(value: number): void {
    appendVarint(this.#file, value << 1)
  }
}
