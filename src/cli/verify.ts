import type { Command } from 'commander'
import { type Io, print } from './io.js'
import { progressLine } from './progress.js'
import { bytesText, plural } from './quantities.js'
import { withDatabase } from './session.js'

/** Something is wrong with a database: exit code 1, after all of it has been told. */
export class ProblemsFound extends Error {
  readonly code = 'PROBLEMS'
}

/** `verify DIR` */
export function addVerify(program: Command, io: Io): void {
  program
    .command('verify')
    .description('read every file of a database and check every checksum; exit code 1 if anything is wrong')
    .argument('<dir>', 'directory of the database')
    .option('--json', 'the report as JSON')
    .action((dir: string, { json }: { json?: true }) =>
      withDatabase(dir, { readOnly: true }, async (db) => {
        const progress = progressLine(io, 'verify')
        try {
          const report = await db.verify({ signal: io.signal, onProgress: (done) => progress.show(done) })
          progress.end()
          const lines = report.problems.map(({ code, message }) => `${code}: ${message}\n`)
          const text = `${lines.join('')}${plural(report.files, 'file')}, ${bytesText(report.bytes)} read, `
          const summary = `${report.problems.length === 0 ? 'all is well' : plural(report.problems.length, 'problem')}\n`
          await print(io, json ? `${JSON.stringify(report, undefined, 2)}\n` : text + summary)
          if (report.problems.length > 0) {
            throw new ProblemsFound(`${plural(report.problems.length, 'problem')} in ${dir}`)
          }
        } finally {
          progress.end()
        }
      }),
    )
}
