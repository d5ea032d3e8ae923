import type { ColumnJson } from '../format/schema.js'
import type { Scan } from '../table-scan.js'
import { type RowFormat, rowFormatter } from './format-rows.js'
import { type Io, print } from './io.js'

/** Prints a scan's rows as they come. Returns how many there were. */
export async function printRows(
  io: Pick<Io, 'stdout' | 'signal'>,
  scan: Pick<Scan<Readonly<Record<string, unknown>>>, 'chunks'>,
  columns: readonly ColumnJson[],
  format: RowFormat,
): Promise<number> {
  const formatter = rowFormatter(format, columns)
  let rows = 0
  for await (const chunk of scan.chunks()) {
    rows += chunk.length
    await print(io, formatter.rows(chunk))
  }
  await print(io, formatter.end())
  return rows
}

/** The form that rows have if none is asked for: a table on a terminal, NDJSON for a program. */
export function defaultFormat({ stdout }: Pick<Io, 'stdout'>): RowFormat {
  return stdout.isTTY === true ? 'table' : 'ndjson'
}
