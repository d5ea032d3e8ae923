// Arrow IPC files and streams as an input of imports: record batches, one after the other.
//
// A file is a stream between eight bytes of magic and a footer that lists the batches' places: read from front to back,
// nothing of the footer is needed, and no more than a batch is in memory.
//
// The bytes are not to be trusted: Arrow's reader believes what their metadata says, so buffers are measured here.

import {
  type Schema as ArrowSchema,
  type Data,
  DataType,
  MessageReader,
  type RecordBatch,
  RecordBatchReader,
} from 'apache-arrow'
import { isMarquetryError, MarquetryError } from '../errors.js'
import type { ByteStream } from './byte-stream.js'
import { converterOf } from './convert.js'
import { type Converter, piecesOf } from './converted.js'
import type { ImportChunk, ImportInput } from './import-input.js'
import { invalidInput } from './import-task.js'
import { matchColumns, type WantedColumns } from './match-columns.js'
import { typeText } from './type-text.js'

const magic = new TextEncoder().encode('ARROW1')
const magicBytes = 8

/** Bytes of the stream inside of a file, or of the stream that it is already. */
async function* streamOf(bytes: ByteStream): AsyncGenerator<Uint8Array> {
  let head = await gather(bytes, new Uint8Array(0), 2 * magicBytes)
  if (magic.every((byte, i) => head[i] === byte)) {
    head = await gather(bytes, head, 2 * magicBytes + firstLength(head))
    if (beginsWithSchema(head.subarray(magicBytes))) head = head.subarray(magicBytes)
    // Apache Arrow for JavaScript writes files whose schema stands in the footer only: those are read whole.
    else head = await gather(bytes, head, Number.POSITIVE_INFINITY)
  }
  yield head
  for (let piece = await bytes.next(); piece !== undefined; piece = await bytes.next()) yield piece
}

/** `head` and what follows it, at least so many bytes if there are. */
async function gather(bytes: ByteStream, head: Uint8Array, least: number): Promise<Uint8Array> {
  const pieces = [head]
  let length = head.length
  while (length < least) {
    const piece = await bytes.next()
    if (piece === undefined) break
    pieces.push(piece)
    length += piece.length
  }
  return Buffer.concat(pieces)
}

/** Length of the first message's metadata, which stands behind the magic and the mark of a continuation. */
function firstLength(head: Uint8Array): number {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  return head.length < 2 * magicBytes ? 0 : Math.max(0, view.getInt32(magicBytes + 4, true))
}

function beginsWithSchema(stream: Uint8Array): boolean {
  try {
    return new MessageReader(stream).readMessage()?.isSchema() === true
  } catch {
    return false
  }
}

/** Reads Arrow IPC. Whatever its reader says of the bytes becomes MARQUETRY_INVALID_INPUT. */
export class ArrowStream {
  readonly #bytes: ByteStream
  #batches: AsyncIterator<RecordBatch> | undefined

  constructor(bytes: ByteStream) {
    this.#bytes = bytes
  }

  async open(): Promise<ArrowSchema> {
    return await this.#read(async () => {
      const reader = await RecordBatchReader.from(streamOf(this.#bytes))
      await reader.open()
      this.#batches = reader[Symbol.asyncIterator]() as AsyncIterator<RecordBatch>
      if (reader.schema === undefined || reader.schema === null) throw new Error('there is no schema')
      return reader.schema
    })
  }

  async next(): Promise<RecordBatch | undefined> {
    return await this.#read(async () => {
      const { value, done } = await this.#batches!.next()
      return done === true ? undefined : (value as RecordBatch)
    })
  }

  async #read<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read()
    } catch (error) {
      if (error instanceof MarquetryError) throw error
      const cause = error as Error
      if (isMarquetryError(cause.cause)) throw cause.cause
      throw invalidInput(this.#bytes.name, `it is no Arrow IPC: ${cause?.message ?? error}`, { cause })
    }
  }
}

/** Reads the schema and checks that the columns fit. */
export async function openArrow(stream: ByteStream, wanted: WantedColumns): Promise<ImportInput> {
  const arrow = new ArrowStream(stream)
  const { fields } = await arrow.open()
  const places = matchColumns(
    stream.name,
    fields.map(({ name }) => name),
    wanted,
  )
  const converters = places.map((place, index) => {
    if (place < 0) return undefined
    const { type, name } = fields[place]!
    const to = wanted.schema.columns[index]!.type
    const converter = converterOf(type, to)
    if (converter !== undefined) return converter
    throw invalidInput(stream.name, `its type ${typeText(type)} cannot become ${to.kind}`, { column: name })
  })
  return new ArrowInput(stream, arrow, wanted, places, converters)
}

class ArrowInput implements ImportInput {
  readonly name: string
  readonly rowsTotal = undefined
  readonly bytesTotal: number | undefined
  readonly #stream: ByteStream
  readonly #arrow: ArrowStream
  readonly #wanted: WantedColumns
  readonly #places: readonly number[]
  readonly #converters: readonly (Converter | undefined)[]
  #rows = 0
  #bytesGiven = 0

  constructor(
    stream: ByteStream,
    arrow: ArrowStream,
    wanted: WantedColumns,
    places: readonly number[],
    converters: readonly (Converter | undefined)[],
  ) {
    this.name = stream.name
    this.bytesTotal = stream.bytesTotal
    this.#stream = stream
    this.#arrow = arrow
    this.#wanted = wanted
    this.#places = places
    this.#converters = converters
  }

  get bytes(): number {
    return this.#stream.bytesRead
  }

  async next(): Promise<ImportChunk | undefined> {
    for (;;) {
      const batch = await this.#arrow.next()
      if (batch === undefined) return undefined
      if (batch.numRows > 0) return this.#chunkOf(batch)
    }
  }

  close(): Promise<void> {
    return this.#stream.close()
  }

  #chunkOf(batch: RecordBatch): ImportChunk {
    const firstRow = this.#rows
    const rows = batch.numRows
    const columns = this.#places.map((place, index) => {
      const converter = this.#converters[index]
      const data = batch.data.children[place]
      if (converter === undefined || data === undefined) return undefined
      return this.#column(index, converter, data, rows)
    })
    this.#rows += rows
    const bytes = this.#stream.bytesRead - this.#bytesGiven
    this.#bytesGiven = this.#stream.bytesRead
    return { columns, rows, bytes, placeOf: (row) => ({ row: firstRow + row }) }
  }

  #column(index: number, converter: Converter, data: Data, rows: number) {
    const { nullable } = this.#wanted.schema.columns[index]!
    const column = this.#wanted.names[index]!
    const firstRow = this.#rows
    const wrong = data.length === rows ? damageOf(data) : `it has ${data.length} rows of ${rows}`
    if (wrong !== undefined)
      throw invalidInput(this.name, `the batch is malformed: ${wrong}`, { column, row: firstRow })
    const vector = converter(piecesOf([data]), (row, what) => {
      throw invalidInput(this.name, what, { column, row: firstRow + row })
    })
    const missing = nullable ? -1 : (vector.valid?.indexOf(0) ?? -1)
    if (missing < 0) return vector
    throw invalidInput(this.name, 'it is null, and the table does not allow that', {
      column,
      row: firstRow + missing,
    })
  }
}

/** What is wrong with the buffers of a column, as a sentence; undefined: they hold what they must. */
function damageOf(data: Data): string | undefined {
  const { type, length, nullCount, nullBitmap } = data
  if (nullCount > 0 && (nullBitmap?.length ?? 0) * 8 < length) return 'its validity is too short'
  const { values, valueOffsets } = data as Data & { readonly valueOffsets?: Int32Array | BigInt64Array }
  if (valueOffsets !== undefined && valueOffsets.length > 0) {
    const end = DataType.isList(type) || DataType.isMap(type) ? data.children[0]!.length : (values?.length ?? 0)
    if (valueOffsets.length <= length) return 'its offsets are too few'
    if (valueOffsets[0]! < 0) return 'its offsets begin below zero'
    for (let i = 0; i < length; i++) if (valueOffsets[i]! > valueOffsets[i + 1]!) return 'its offsets fall'
    if (valueOffsets[length]! > end) return 'its offsets lead beyond its values'
  } else if (length > 0 && data.children.length === 0 && !DataType.isNull(type)) {
    if ((values?.length ?? 0) < valuesNeeded(type, length)) return 'its values are too few'
  }
  if (DataType.isDictionary(type)) {
    for (const entry of data.dictionary?.data ?? []) {
      const wrong = damageOf(entry)
      if (wrong !== undefined) return `its dictionary: ${wrong}`
    }
  }
  for (const child of data.children) {
    const wrong = damageOf(child)
    if (wrong !== undefined) return wrong
  }
  return undefined
}

/** Elements of the values' array that so many rows take. */
function valuesNeeded(type: DataType, rows: number): number {
  if (DataType.isBool(type)) return Math.ceil(rows / 8)
  if (DataType.isDecimal(type)) return rows * (type.bitWidth / 32)
  if (DataType.isFixedSizeBinary(type)) return rows * type.byteWidth
  if (DataType.isUtf8View(type) || DataType.isBinaryView(type)) return rows * 16
  if (DataType.isInterval(type)) return rows * 2
  // Strings and bytes of no rows' worth may come without offsets at all.
  return DataType.isUtf8(type) || DataType.isBinary(type) ? Number.POSITIVE_INFINITY : rows
}
