// Arrow IPC out of batches: a record batch for each.

import {
  Schema as ArrowSchema,
  RecordBatchFileWriter,
  RecordBatchStreamWriter,
  RecordBatchWriter,
} from 'apache-arrow'
import { arrowField, recordBatch } from '../format/arrow.js'
import type { Batch } from '../format/batch.js'
import type { SchemaColumn } from '../format/schema.js'
import { sliceBatch } from '../scan/gather.js'
import type { ByteOutput } from './byte-output.js'
import type { RowEncoder } from './row-encoder.js'

/** What Arrow's writers write to: they push, and never wait. */
class Taken {
  #parts: Uint8Array[] = []

  push(bytes: Uint8Array): void {
    this.#parts.push(bytes)
  }

  take(): Uint8Array {
    const parts = this.#parts
    this.#parts = []
    return Buffer.concat(parts)
  }
}

type Chunk = Parameters<Taken['push']>[0] | Int32Array

/** The bytes of what a writer is about to write. */
function bytesOf(chunk: Chunk): Uint8Array {
  return chunk instanceof Uint8Array ? chunk : new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
}

class FileWriter extends RecordBatchFileWriter {
  readonly taken = new Taken()

  /** Magic, and the schema's message, which the specification wants there and Arrow's own writer leaves out. */
  protected override _writeSchema(schema: ArrowSchema): this {
    super._writeSchema(schema)
    RecordBatchWriter.prototype['_writeSchema'].call(this, schema)
    return this
  }

  protected override _write(chunk: Chunk): this {
    const bytes = bytesOf(chunk)
    this.taken.push(bytes)
    this._position += bytes.length
    return this
  }
}

class StreamWriter extends RecordBatchStreamWriter {
  readonly taken = new Taken()

  protected override _write(chunk: Chunk): this {
    const bytes = bytesOf(chunk)
    this.taken.push(bytes)
    this._position += bytes.length
    return this
  }
}

/** An Arrow IPC file, or, with `isStream`, a stream. */
export function arrowRows(
  columns: readonly SchemaColumn[],
  output: ByteOutput,
  isStream: boolean,
  reported: () => void,
): RowEncoder {
  return new ArrowRows(columns, output, isStream ? new StreamWriter() : new FileWriter(), reported)
}

class ArrowRows implements RowEncoder {
  readonly #output: ByteOutput
  readonly #schema: ArrowSchema
  readonly #writer: RecordBatchWriter & { readonly taken: Taken }
  readonly #reported: () => void
  rows = 0

  constructor(
    columns: readonly SchemaColumn[],
    output: ByteOutput,
    writer: RecordBatchWriter & { readonly taken: Taken },
    reported: () => void,
  ) {
    this.#schema = new ArrowSchema(columns.map(arrowField))
    this.#output = output
    this.#writer = writer
    this.#reported = reported
    writer.reset(undefined, this.#schema)
  }

  async add(batch: Batch, from: number, to: number): Promise<void> {
    const { rows, columns } = sliceBatch(batch, from, to)
    this.#writer.write(recordBatch(this.#schema, rows, columns))
    this.rows += rows
    await this.#output.write(this.#writer.taken.take())
    this.#reported()
  }

  async finish(): Promise<void> {
    this.#writer.finish()
    await this.#output.write(this.#writer.taken.take())
  }
}
