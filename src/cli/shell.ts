// `shell DIR`: a conversation with a database. On a terminal with prompt, history and completion; from a pipe or a file
// without, and then the first mistake ends it.

import { createInterface, type Interface } from 'node:readline'
import type { Command } from 'commander'
import type { Io } from './io.js'
import { paintFor } from './io.js'
import { errorLine, ScriptError } from './report-error.js'
import { pairsTableName, withDatabase } from './session.js'
import { completionsOf } from './shell/complete.js'
import { openHistory } from './shell/history.js'
import { runLine } from './shell/run-line.js'
import { ShellState } from './shell/shell-state.js'

/** `shell DIR` */
export function addShell(program: Command, io: Io): void {
  program
    .command('shell')
    .description('talk to a database, which is made if it is missing; reads commands from stdin')
    .argument('<dir>', 'directory of the database')
    .action((dir: string) =>
      withDatabase(dir, {}, async (db) => {
        const interactive = io.stdin.isTTY === true && io.stdout.isTTY === true
        const shell = new ShellState(db, io, interactive)
        await (interactive ? converse(shell, dir) : runScript(shell))
      }),
    )
}

async function runScript(shell: ShellState): Promise<void> {
  const { io } = shell
  const lines = createInterface({ input: io.stdin, crlfDelay: Number.POSITIVE_INFINITY, signal: io.signal })
  let number = 0
  try {
    for await (const line of lines) {
      number++
      if (io.signal.aborted || !(await runLine(shell, line))) break
    }
  } catch (error) {
    throw new ScriptError(number, error)
  } finally {
    lines.close()
    io.stdin.destroy()
  }
}

async function converse(shell: ShellState, dir: string): Promise<void> {
  const { io, db } = shell
  const paint = paintFor(io.stdout, io.env)
  const history = openHistory(io.env)
  let columns: readonly string[] = []
  const terminal = createInterface({
    input: io.stdin,
    output: io.stdout,
    history: history.lines,
    historySize: 1_000,
    removeHistoryDuplicates: true,
    completer: (line: string) => completionsOf(line, { tables: db.tables(), columns }),
  })
  shell.say(greeting(dir, db.tables()))
  try {
    for (;;) {
      const table = await shell.table().catch(() => undefined)
      columns = table?.schema.columns.map(({ name }) => name) ?? []
      const line = await ask(terminal, `${paint.accent(shell.tableName ?? 'marquetry')}> `, io.signal)
      if (line === undefined) return
      history.add(line)
      if (!(await runAndReport(shell, terminal, line))) return
    }
  } finally {
    terminal.close()
  }
}

function greeting(dir: string, tables: readonly string[]): string {
  if (tables.length > 0) return `${dir}: ${tables.join(', ')}. Type .help for help, exit to leave.`
  return (
    `${dir} is new. Put pairs of texts, such as: put user:1 Alice (that makes the table ${pairsTableName}),\n` +
    'or make a table of your own with .create. Type .help for help, exit to leave.'
  )
}

/** The next line; undefined: there is none any more. Ctrl-C takes back what was typed. */
function ask(terminal: Interface, prompt: string, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const done = (line: string | undefined) => {
      terminal.off('line', done).off('close', close).off('SIGINT', takeBack)
      signal.removeEventListener('abort', close)
      resolve(line)
    }
    const close = () => {
      terminal.off('line', done)
      done(undefined)
    }
    const takeBack = () => {
      terminal.write(null, { ctrl: true, name: 'e' })
      terminal.write(null, { ctrl: true, name: 'u' })
      terminal.prompt()
    }
    terminal.on('line', done).on('close', close).on('SIGINT', takeBack)
    signal.addEventListener('abort', close)
    terminal.setPrompt(prompt)
    terminal.prompt()
  })
}

/** Carries out a line; Ctrl-C ends it and keeps the shell. */
async function runAndReport(shell: ShellState, terminal: Interface, line: string): Promise<boolean> {
  const { io } = shell
  const stopping = new AbortController()
  const stop = () => stopping.abort('SIGINT')
  terminal.on('SIGINT', stop)
  shell.io = { ...io, signal: AbortSignal.any([io.signal, stopping.signal]) }
  try {
    return await runLine(shell, line)
  } catch (error) {
    io.stderr.write(stopping.signal.aborted ? '(interrupted)\n' : `${errorLine(error)}\n`)
    return true
  } finally {
    terminal.off('SIGINT', stop)
    shell.io = io
  }
}
