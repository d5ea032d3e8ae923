// The worker thread's entry for import tasks: reads foreign Parquet files through parquet-wasm.
//
// The bytes are not to be trusted. What parquet-wasm's asynchronous reader does with bad ones: it rejects, it never
// settles, or it panics, which ends this thread with an uncaught exception. All three are answered on the main thread,
// see `import-decoder.ts`; a thread that has ended is replaced, with its memory.

import { type Schema as ArrowSchema, type Table as ArrowTable, DataType, tableFromIPC } from 'apache-arrow'
import type { ParquetFile } from 'parquet-wasm/node'
import { move } from 'piscina'
import { answer, type WorkerAnswer } from '../compaction/worker-answer.js'
import { MarquetryError } from '../errors.js'
import { Schema } from '../format/schema.js'
import { buffersOf } from '../format/vector-buffers.js'
import { nodeFileSystem } from '../fs/node.js'
import { lowerThreadPriority } from '../fs/thread-priority.js'
import { parquetWasm } from '../sstable/parquet-wasm.js'
import { converterOf } from './convert.js'
import { piecesOf } from './converted.js'
import { type FileBytes, openBytes, withBlob } from './import-bytes.js'
import {
  type DecodedColumns,
  type DecodeTask,
  type DescribeTask,
  type FoundColumn,
  type ImportPlan,
  type ImportTask,
  invalidInput,
  type PlanTask,
} from './import-task.js'
import { columnTypeOf } from './infer-types.js'
import { checkFile, checkRowGroup } from './parquet-claims.js'
import { typeText } from './type-text.js'

lowerThreadPriority()
const fs = nodeFileSystem()

/** Rows that the decoder makes at once: bounds what it allocates, whatever a footer claims. */
const batchRows = 131_072
/** Magic, footer length, magic. */
const fileBytesMin = 12

type TaskResult = ImportPlan | DecodedColumns | readonly FoundColumn[]

/** Runs one task. */
export default async function run(task: ImportTask): Promise<WorkerAnswer<TaskResult>> {
  Atomics.store(new Int32Array(task.begun), 0, 1)
  const answered = await answer<TaskResult>(() => {
    if (task.kind === 'decode') return decode(task)
    return task.kind === 'plan' ? plan(task) : describe(task)
  })
  return task.kind === 'decode' && 'ok' in answered
    ? moved(answered as { readonly ok: DecodedColumns })
    : answered
}

async function describe({ file, limits }: DescribeTask): Promise<readonly FoundColumn[]> {
  const check = (bytes: FileBytes) => checkFile(bytes, limits)
  return await withFile(openBytes(fs, file), check, async (parquet) => {
    const { fields } = tableFromIPC(parquet.schema().intoIPCStream()).schema
    return fields.map(({ name, type, nullable }) => ({
      name,
      type: columnTypeOf(type),
      nullable,
      shown: typeText(type),
    }))
  })
}

/** The answer, its vectors' memory handed over instead of copied. */
function moved(answered: { readonly ok: DecodedColumns }): { readonly ok: DecodedColumns } {
  const buffers = buffersOf(answered.ok.filter((vector) => vector !== undefined))
  const transferable = {
    [Symbol.for('Piscina.transferable')]: buffers,
    [Symbol.for('Piscina.valueOf')]: answered,
  }
  return move(transferable as unknown as ArrayBuffer) as unknown as { readonly ok: DecodedColumns }
}

async function plan({ file, schema, limits, names, numbered }: PlanTask): Promise<ImportPlan> {
  const check = (bytes: FileBytes) => checkFile(bytes, limits)
  return await withFile(openBytes(fs, file), check, async (parquet, bytes) => {
    const arrow = tableFromIPC(parquet.schema().intoIPCStream()).schema
    const found = match(file.path, new Schema(schema), arrow, names, numbered)
    const metadata = parquet.metadata()
    try {
      const rowGroups = Array.from({ length: metadata.numRowGroups() }, (_, index) => {
        const group = metadata.rowGroup(index)
        const [rows, compressed] = [group.numRows(), group.compressedSize()]
        group.free()
        if (!Number.isSafeInteger(rows) || rows < 0) {
          throw invalidInput(file.path, `row group ${index} claims to have ${rows} rows`)
        }
        return { rows, bytes: compressed }
      })
      return { bytes: bytes.size, rowGroups, names: found }
    } finally {
      metadata.free()
    }
  })
}

/** Checks that the file's columns can become the table's, and says which there are. */
function match(
  path: string,
  schema: Schema,
  arrow: ArrowSchema,
  names: readonly (string | undefined)[],
  numbered: string | undefined,
): readonly (string | undefined)[] {
  return schema.columns.map(({ name, nullable, type }, index) => {
    const wanted = names[index]
    if (wanted === undefined) return undefined
    const [field, second] = arrow.fields.filter((candidate) => candidate.name === wanted)
    if (second !== undefined)
      throw invalidInput(path, 'the file has several columns of this name', { column: wanted })
    if (name === numbered) {
      if (field === undefined) return undefined
      throw invalidInput(path, 'the file has this column, but its rows were to be numbered', { column: wanted })
    }
    if (field === undefined) {
      if (nullable) return undefined
      throw invalidInput(path, `the file does not have it, and the table's ${name} must have a value`, {
        column: wanted,
      })
    }
    if (converterOf(field.type, type) === undefined) {
      const stored = DataType.isDecimal(field.type)
        ? `Decimal(${field.type.precision}, ${field.type.scale})`
        : `${field.type}`
      throw invalidInput(path, `its type ${stored} cannot become ${type.kind}`, { column: wanted })
    }
    return wanted
  })
}

async function decode(task: DecodeTask): Promise<DecodedColumns> {
  const { file, limits, names, rowGroup, rows } = task
  const columns = [...new Set(names.filter((name) => name !== undefined))]
  const check = (bytes: FileBytes) => checkRowGroup(bytes, limits, rowGroup, columns)
  const table = await withFile(openBytes(fs, file), check, async (parquet) => {
    const read = await parquet.read({ rowGroups: [rowGroup], columns, batchSize: Math.min(rows, batchRows) })
    return tableFromIPC(read.intoIPCStream())
  })
  if (table.numRows !== rows) {
    throw invalidInput(file.path, `row group ${rowGroup} has ${table.numRows} rows instead of ${rows}`)
  }
  return convert(task, table)
}

function convert({ file, schema, names, firstRow }: DecodeTask, table: ArrowTable): DecodedColumns {
  return new Schema(schema).columns.map(({ nullable, type }, index) => {
    const column = names[index]
    if (column === undefined) return undefined
    const source = table.getChild(column)
    const converter = source === null ? undefined : converterOf(source.type, type)
    if (source === null || converter === undefined)
      throw invalidInput(file.path, 'the file has changed', { column })
    const vector = converter(piecesOf(source.data), (row, what) => {
      throw invalidInput(file.path, what, { column, row: firstRow + row })
    })
    const missing = nullable ? -1 : (vector.valid?.indexOf(0) ?? -1)
    if (missing >= 0) {
      throw invalidInput(file.path, 'it is null, and the table does not allow that', {
        column,
        row: firstRow + missing,
      })
    }
    return vector
  })
}

/** Runs something on an opened file that passes the check. What parquet-wasm says of the file becomes MARQUETRY_INVALID_INPUT. */
async function withFile<T>(
  bytes: FileBytes,
  check: (bytes: FileBytes) => void,
  use: (parquet: ParquetFile, bytes: FileBytes) => Promise<T>,
): Promise<T> {
  try {
    if (bytes.size < fileBytesMin) throw invalidInput(bytes.path, 'the file is too short to be a Parquet file')
    check(bytes)
    return await withBlob(bytes, async (blob) => {
      const parquet = await parquetWasm().ParquetFile.fromFile(blob)
      try {
        return await use(parquet, bytes)
      } finally {
        parquet.free()
      }
    })
  } catch (error) {
    if (error instanceof MarquetryError) throw error
    // A trap leaves the decoder's memory in no known state: the thread goes, and with it all that it might spoil.
    if (error instanceof Error && error.name === 'RuntimeError') process.exit(1)
    throw invalidInput(bytes.path, `the file cannot be read: ${(error as Error)?.message ?? error}`, {
      cause: error,
    })
  } finally {
    bytes.close()
  }
}
