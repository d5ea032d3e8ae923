// The command `marquetry`: its subcommands, and what becomes of their errors.

import { Command, CommanderError } from 'commander'
import { engineVersion } from '../util/engine-version.js'
import { addCheckpoint } from './checkpoint.js'
import { addCompact } from './compact.js'
import { addCount } from './count.js'
import { addDelete } from './delete.js'
import { addDemo } from './demo.js'
import { addExplain } from './explain.js'
import { addExport } from './export.js'
import { addGet } from './get.js'
import { addImport } from './import.js'
import { addInspect } from './inspect.js'
import type { Ending, Io } from './io.js'
import { addPut } from './put.js'
import { addRepair } from './repair.js'
import { errorDetails, errorLine, exitCodeOf, exitCodes } from './report-error.js'
import { addScan } from './scan.js'
import { addShell } from './shell.js'
import { addStats } from './stats.js'
import { addVerify } from './verify.js'

const commands = [
  addShell,
  addGet,
  addPut,
  addDelete,
  addScan,
  addCount,
  addExplain,
  addStats,
  addCompact,
  addImport,
  addExport,
  addVerify,
  addRepair,
  addCheckpoint,
  addInspect,
  addDemo,
]

function makeProgram(io: Io): Command {
  const program = new Command('marquetry')
    .description('An embedded, columnar LSM storage engine whose SSTables are Parquet files')
    .version(engineVersion)
    .option('--debug', 'print errors with their stack and causes')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'marquetry: USAGE: ')),
    })
    .showHelpAfterError(false)
  for (const add of commands) add(program, io)
  return program
}

/** Runs the command of these arguments, reports its error, and returns the exit code. */
export async function runProgram(args: readonly string[], io: Io): Promise<number> {
  try {
    await makeProgram(io).parseAsync([...args], { from: 'user' })
    return io.signal.aborted ? codeOfEnding(io.signal.reason) : exitCodes.ok
  } catch (error) {
    // Commander has said what was wrong.
    if (error instanceof CommanderError) return exitCodeOf(error)
    const ended = io.signal.aborted ? (io.signal.reason as Ending) : undefined
    if (ended === 'EPIPE') return exitCodes.ok
    io.stderr.write(`marquetry: ${ended === undefined ? errorLine(error) : `ABORTED: ended by ${ended}`}\n`)
    if (args.includes('--debug')) io.stderr.write(errorDetails(error))
    return ended === undefined ? exitCodeOf(error) : codeOfEnding(ended)
  }
}

function codeOfEnding(ending: Ending): number {
  if (ending === 'EPIPE') return exitCodes.ok
  return ending === 'SIGTERM' ? exitCodes.terminated : exitCodes.interrupted
}
