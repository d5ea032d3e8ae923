// Processes that write to a database, and what they say of it.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { OpenOptions } from 'marquetry'

/** One step of a batch: the key's new value as text, or undefined where the key is deleted. */
export interface Step {
  readonly key: string
  readonly value?: string
}

/** A line that a writer prints. */
export interface Message {
  readonly opening?: true
  readonly opened?: true
  readonly closing?: true
  readonly closed?: true
  /** A flush that it has asked for begins. */
  readonly flushing?: true
  /** A merge begins. */
  readonly merging?: true
  readonly sent?: number
  readonly acked?: number
  readonly table?: string
  readonly operations?: readonly Step[]
}

/** A file operation in which a writer kills itself: the n-th of this name on a path that matches. */
export interface Trap {
  readonly operation: string
  readonly path: string
  readonly nth: number
  /** `half`: with half of the bytes of a write written; of others, before. */
  readonly when: 'before' | 'half' | 'after'
  /** Whether jobs run on the calling thread, so that their operations count too. */
  readonly inline: boolean
}

/** What a writer is to do. */
export interface Plan {
  readonly directory: string
  readonly options: OpenOptions
  readonly seed: number
  /** The number of its first batch; the others follow. */
  readonly firstStamp: number
  /** Turns, each of one batch or some at a time, after which it closes the database. */
  readonly roundsMax: number
  readonly trap?: Trap
}

export interface Writer {
  readonly child: ChildProcess
  /** Its lines; ends when all that it has said was read. */
  readonly messages: AsyncIterable<Message>
  /** How it ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>
}

/** Starts a script of this folder with one argument. */
export function startProcess(script: string, argument: unknown): Writer {
  const path = fileURLToPath(new URL(script, import.meta.url))
  const child = spawn(process.execPath, [path, JSON.stringify(argument)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit').then(([code, signal]) => ({ code, signal }))
  const lines = createInterface({ input: child.stdout })
  const messages = (async function* () {
    for await (const line of lines) yield JSON.parse(line) as Message
  })()
  return { child, messages, ended }
}
