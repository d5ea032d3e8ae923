// Runs the built command as its users do: in a process of its own, with streams that are pipes, or on a terminal.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach } from 'vitest'

const bin = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

/** What a process has said, and how it ended. */
export interface Outcome {
  readonly stdout: string
  readonly stderr: string
  readonly code: number | null
}

export interface RunOptions {
  readonly input?: string | Uint8Array
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

function environment(env: RunOptions['env']): NodeJS.ProcessEnv {
  const { NO_COLOR: _, ...inherited } = process.env
  return { ...inherited, MARQUETRY_HISTORY: '', ...env }
}

/** Starts `marquetry ARGS…`. */
export function start(args: readonly string[], { env, cwd }: RunOptions = {}): ChildProcess {
  return spawn(process.execPath, [bin, ...args], { cwd, env: environment(env), stdio: 'pipe' })
}

/** Collects what a process says until it ends. */
export function outcomeOf(child: ChildProcess): Promise<Outcome> {
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      said[name] += text
    })
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ ...said, code }))
  })
}

/** Runs `marquetry ARGS…` to its end. */
export function run(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const child = start(args, options)
  const outcome = outcomeOf(child)
  child.stdin?.on('error', () => {}) // a command that does not read its input
  child.stdin?.end(options.input ?? '')
  return outcome
}

/** Runs the shell on these lines. */
export function runShell(dir: string, ...lines: readonly string[]): Promise<Outcome> {
  return run(['shell', dir], { input: `${lines.join('\n')}\n` })
}

/** A command on a terminal of its own; `stdout` is all that it shows. */
export interface OnTerminal {
  readonly child: ChildProcess
  /** Resolves when the terminal has shown this text, since what was last waited for. */
  shows(text: string): Promise<void>
  type(keys: string): void
  readonly outcome: Promise<Outcome>
}

/** Starts `marquetry ARGS…` on a terminal, by script(1). */
export function startOnTerminal(args: readonly string[], { env }: RunOptions = {}): OnTerminal {
  const quoted = [process.execPath, bin, ...args].map((arg) => `'${arg.replaceAll("'", "'\\''")}'`)
  const child = spawn('script', ['-qfec', quoted.join(' '), '/dev/null'], {
    env: { ...environment(env), TERM: 'xterm', COLUMNS: '100', LINES: '30' },
    stdio: 'pipe',
  })
  let shown = ''
  let seen = 0
  const waiting = new Set<() => void>()
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text
    for (const check of waiting) check()
  })
  return {
    child,
    outcome: outcomeOf(child),
    type: (keys) => void child.stdin.write(keys),
    shows: (text) =>
      new Promise((resolve, reject) => {
        const check = () => {
          const at = shown.indexOf(text, seen)
          if (at < 0) return
          seen = at + text.length
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        child.on('close', () => reject(new Error(`never shown: ${text}\n${shown.slice(seen)}`)))
        check()
      }),
  }
}

const directories: string[] = []

afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true })
})

/** A directory that is gone after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'marquetry-cli-'))
  directories.push(directory)
  return directory
}
