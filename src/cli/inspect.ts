import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { nodeFileSystem } from '../fs/node.js'
import { readFacts } from './inspect/database-facts.js'
import { factsPage } from './inspect/page.js'
import { factsText } from './inspect/text.js'
import { type Io, paintFor, print } from './io.js'

/** `inspect DIR|FILE` */
export function addInspect(program: Command, io: Io): void {
  program
    .command('inspect')
    .description('show levels, SSTables, row groups, encodings and filters; takes no lock and writes nothing')
    .argument('<path>', 'directory of a database, or any Parquet file')
    .option('--json', 'as JSON')
    .option('--html <file>', 'as one self-contained page, written to this file (- for stdout)')
    .action(async (path: string, given: { json?: true; html?: string }) => {
      const facts = await readFacts(nodeFileSystem(), path.replace(/(?<=.)\/+$/, ''))
      if (given.html !== undefined && given.html !== '-') await writeFile(given.html, factsPage(facts))
      else if (given.html === '-') await print(io, factsPage(facts))
      else if (given.json) await print(io, `${JSON.stringify(facts, undefined, 2)}\n`)
      else await print(io, factsText(facts, paintFor(io.stdout, io.env)))
    })
}
