import type { Command } from 'commander'
import type { Database } from '../database.js'
import { isMarquetryError } from '../errors.js'
import { inferSchema } from '../infer-schema.js'
import type { Table } from '../table.js'
import type { Format } from '../transfer/formats.js'
import type { Io } from './io.js'
import { progressLine } from './progress.js'
import { bytesText, countText, durationText, plural } from './quantities.js'
import { withDatabase } from './session.js'
import { schemaFromWords } from './shell/table-definition.js'
import { formatFromText, namesFromText } from './transfer-arguments.js'
import { UsageError } from './usage-error.js'

interface ImportArguments {
  readonly key?: string
  readonly schema?: string
  readonly rowNumber?: string
  readonly format?: string
  readonly rejects?: string
  readonly sorted?: true
  readonly delimiter?: string
  readonly nullText?: string
}

/** `import DIR TABLE FILE` */
export function addImport(program: Command, io: Io): void {
  program
    .command('import')
    .description('write the rows of a file to a table, which is made if it is missing')
    .argument('<dir>', 'directory of the database')
    .argument('<table>')
    .argument('<file>', 'Parquet, CSV, NDJSON or Arrow IPC; - for stdin')
    .option('--key <names>', 'key columns of a table that is made, separated by commas')
    .option('--schema <columns>', 'NAME:TYPE[?]… of a table that is made; default: told by the file')
    .option('--row-number <name>', 'key column that numbers the rows that agree in the other key columns')
    .option('--format <form>', 'parquet, csv, ndjson or arrow (default: by the file’s name)')
    .option(
      '--rejects <file>',
      'where records go that cannot become rows; default: the first one ends the import',
    )
    .option('--sorted', 'the rows are in key order: load them past log and memory, all or none')
    .option('--delimiter <character>', 'CSV: what stands between fields')
    .option('--null-text <text>', 'CSV: what null looks like besides an empty field')
    .action((dir: string, name: string, file: string, given: ImportArguments) =>
      withDatabase(dir, {}, async (db) => {
        const format = formatFromText(given.format, file)
        const isNew = !db.tables().includes(name)
        const table = isNew ? await makeTable(db, name, file, format, given) : await db.table(name)
        try {
          await importFile(io, table, file, format, given)
        } catch (error) {
          // A table that this import made, and that got no row, is not what anybody wanted.
          if (isNew && (await table.scan({ limit: 1, columns: [] }).count()) === 0) await db.dropTable(name)
          throw error
        }
      }),
    )
}

async function makeTable(
  db: Database,
  name: string,
  file: string,
  format: Format,
  { key, schema, rowNumber, delimiter, nullText }: ImportArguments,
): Promise<Table> {
  const [first, ...others] = namesFromText(key)
  if (first === undefined) {
    throw new UsageError(`there is no table ${name}; to make it, name its key columns: --key a,b`)
  }
  const keyNames = [first, ...others] as const
  if (schema !== undefined) {
    const words = [...schema.split(/[\s]+|,(?![^(]*\))/).filter(Boolean), 'key', ...keyNames]
    await db.table(name, schemaFromWords(words.map((text) => ({ text, quoted: false }))))
  } else if (file === '-') {
    throw new UsageError('what comes from stdin cannot be looked at beforehand: name the columns with --schema')
  } else {
    const options = { format, key: keyNames, rowNumber, delimiter, nullText }
    const inferred = await inferSchema(file, options).catch((error: unknown) => {
      if (isMarquetryError(error, 'MARQUETRY_INVALID_OPTION')) throw new UsageError(error.message)
      throw error
    })
    await db.table(name, inferred)
  }
  return await db.table(name)
}

async function importFile(
  io: Io,
  table: Table,
  file: string,
  format: Format,
  { rowNumber, rejects, sorted, delimiter, nullText }: ImportArguments,
): Promise<void> {
  const progress = progressLine(io, 'import')
  const beganMs = performance.now()
  try {
    const { rows, bytes, rejected } = await table.import(file === '-' ? io.stdin : file, {
      format,
      rowNumber,
      rejects,
      delimiter,
      nullText,
      ...(sorted === true ? { sorted } : {}),
      signal: io.signal,
      onProgress: (done) => progress.show(done),
    })
    progress.end()
    const ms = performance.now() - beganMs
    if (io.stderr.isTTY === true) {
      const rate = `${countText(Math.round((rows / Math.max(1, ms)) * 1000))} rows/s`
      io.stderr.write(`${plural(rows, 'row')}, ${bytesText(bytes)}, ${durationText(ms)}, ${rate}\n`)
    }
    if (rejected > 0) io.stderr.write(`${plural(rejected, 'record')} rejected, see ${rejects}\n`)
  } finally {
    progress.end()
  }
}
