// `demo`: a guided tour of the engine on a database of its own, which is gone at the end.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Command } from 'commander'
import { throwIfAborted } from '../errors.js'
import { type Demo, phases } from './demo/phases.js'
import { type Io, paintFor, print } from './io.js'

/** `demo` */
export function addDemo(program: Command, io: Io): void {
  program
    .command('demo')
    .description('a guided tour of the engine, on a temporary database')
    .option('--no-pause', 'do not wait for Enter between the phases')
    .action(async ({ pause }: { pause: boolean }) => {
      const directory = await mkdtemp(join(tmpdir(), 'marquetry-demo-'))
      const pauses = pause && io.stdin.isTTY === true && io.stdout.isTTY === true
      try {
        await tour(io, directory, pauses)
      } finally {
        await rm(directory, { recursive: true, force: true })
      }
    })
}

async function tour(io: Io, directory: string, pauses: boolean): Promise<void> {
  const paint = paintFor(io.stdout, io.env)
  const demo: Demo = {
    directory,
    database: join(directory, 'mydata'),
    signal: io.signal,
    say: (text) => print(io, `${text}\n`),
    code: (text) => print(io, `${paint.accent(text.replace(/^/gm, '    '))}\n`),
    show: (text) => print(io, `${paint.dim(text.replace(/^(?=.)/gm, '    │ '))}\n`),
  }
  for (const [i, phase] of phases.entries()) {
    throwIfAborted(io.signal)
    await print(io, `${i === 0 ? '' : '\n'}${paint.bold(`${i + 1} of ${phases.length}  ${phase.title}`)}\n\n`)
    await phase.run(demo)
    if (pauses && i < phases.length - 1) await enter(io, paint.dim('\n[Enter: next, Ctrl-C: leave] '))
  }
}

/** Resolves at Enter, at the end of the input and when the signal says so. */
function enter({ stdin, stdout, signal }: Io, prompt: string): Promise<void> {
  const lines = createInterface({ input: stdin, output: stdout, signal })
  return new Promise((resolve) => {
    lines.once('close', resolve)
    lines.once('SIGINT', () => {
      process.kill(process.pid, 'SIGINT')
      lines.close()
    })
    lines.question(prompt, () => lines.close())
  })
}
