import type { Command } from 'commander'
import type { Compression } from '../options.js'
import type { Io } from './io.js'
import { progressLine } from './progress.js'
import { bytesText, durationText, plural } from './quantities.js'
import { addReadOptions, type ScanArguments, scanFromArguments } from './scan-arguments.js'
import { withTable } from './session.js'
import { formatFromText, namesFromText } from './transfer-arguments.js'

interface ExportArguments extends ScanArguments {
  readonly format?: string
  readonly partitionBy?: string
  readonly compression?: Compression
}

/** `export DIR TABLE FILE` */
export function addExport(program: Command, io: Io): void {
  const command = program
    .command('export')
    .description('write rows to a file, which is replaced in one step when all is written')
    .argument('<dir>', 'directory of the database')
    .argument('<table>')
    .argument('<file>', 'Parquet, CSV, NDJSON or Arrow IPC; - for stdout')
  addReadOptions(command)
    .option('--format <form>', 'parquet, csv, ndjson or arrow (default: by the file’s name)')
    .option('--partition-by <names>', 'make a folder of files, one per value of these columns, as Hive does')
    .option('--compression <codec>', 'Parquet: snappy, zstd, lz4_raw or uncompressed (default: the table’s)')
    .action((dir: string, name: string, file: string, given: ExportArguments) =>
      withTable(dir, name, async (table) => {
        const { partitionBy, compression } = given
        const isFolder = partitionBy !== undefined && given.format === undefined
        const format = isFolder ? 'parquet' : formatFromText(given.format, file)
        const progress = progressLine(io, 'export')
        const beganMs = performance.now()
        try {
          const { rows, bytes } = await table.export(file === '-' ? io.stdout : file, {
            ...scanFromArguments(table.schema, given),
            format,
            ...(partitionBy === undefined ? {} : { partitionBy: namesFromText(partitionBy) }),
            ...(compression === undefined ? {} : { compression }),
            signal: io.signal,
            onProgress: (done) => progress.show(done),
          })
          progress.end()
          const took = durationText(performance.now() - beganMs)
          if (io.stderr.isTTY === true && file !== '-')
            io.stderr.write(`${plural(rows, 'row')}, ${bytesText(bytes)}, ${took}\n`)
        } finally {
          progress.end()
        }
      }),
    )
}
