import type { Command } from 'commander'
import { repair } from '../repair.js'
import { type Io, print } from './io.js'

/** `repair DIR` */
export function addRepair(program: Command, io: Io): void {
  program
    .command('repair')
    .description('make a damaged database one that opens, from all that is whole; nothing is deleted')
    .argument('<dir>', 'directory of the database')
    .option('--dry-run', 'tell what would be done, and change nothing')
    .action(async (dir: string, { dryRun }: { dryRun?: true }) => {
      const report = await repair(dir, { dryRun: dryRun === true, signal: io.signal })
      await print(io, `${String(report).trimEnd()}\n`)
    })
}
