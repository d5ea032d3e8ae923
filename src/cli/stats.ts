import type { Command } from 'commander'
import type { Table } from '../table.js'
import type { TableStats } from '../tree/tree-stats.js'
import { type Io, print } from './io.js'
import { bytesText, countText, plural } from './quantities.js'
import { withDatabase } from './session.js'

/** `stats DIR [TABLE]` */
export function addStats(program: Command, io: Io): void {
  program
    .command('stats')
    .description('print the sizes of tables, level by level')
    .argument('<dir>', 'directory of the database')
    .argument('[table]', 'one table; default: all')
    .option('--json', 'as JSON: all that `table.stats()` tells, by table')
    .action((dir: string, name: string | undefined, { json }: { json?: true }) =>
      withDatabase(dir, { readOnly: true }, async (db) => {
        const tables: Table[] = []
        for (const one of name === undefined ? db.tables() : [name]) tables.push(await db.table(one))
        const all = tables.map((table) => [table.name, table.stats()] as const)
        const text = json
          ? `${JSON.stringify(Object.fromEntries(all), undefined, 2)}\n`
          : all.map(([table, stats]) => statsText(table, stats)).join('\n')
        await print(io, text)
      }),
    )
}

/** A table's sizes in a few lines. */
export function statsText(name: string, stats: TableStats): string {
  const { compaction } = stats
  const lines = [
    `${name}  ${plural(stats.sstables, 'SSTable')}, ${plural(stats.sstableRows, 'stored row')}, ${bytesText(stats.sstableBytes)}`,
    `  in memory  ${plural(stats.memtableRows, 'entry').replace(/entrys$/, 'entries')}, ${bytesText(stats.memtableBytes)}`,
    ...stats.levels.map(
      ({ level, runs, tables, rows, tombstones, bytes }) =>
        `  level ${String(level).padEnd(4)} ${plural(runs, 'run')}, ${plural(tables, 'SSTable')}, ${plural(rows, 'row')}` +
        `${tombstones === 0 ? '' : ` (${plural(tombstones, 'tombstone')})`}, ${bytesText(bytes)}`,
    ),
    `  ${compaction.strategy}     runs a lookup may ask: ${countText(compaction.readAmplification)}, ` +
      `stored rows for each live one: ${compaction.spaceAmplification.toFixed(2)}`,
  ]
  return `${lines.join('\n')}\n`
}
