#!/usr/bin/env node
// What npm puts on the path as `marquetry`: the process's own streams and signals, given to the program.

import type { Ending, Io } from './io.js'
import { runProgram } from './program.js'
import { exitCodes } from './report-error.js'

const { stdout, stderr, env } = process
const ending = new AbortController()
const end = (why: Ending) => ending.abort(why)

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // Whoever asks twice does not want to wait for the database to be closed. That is safe too: its log is written.
    if (ending.signal.aborted) process.exit(signal === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated)
    end(signal)
  })
}

// `marquetry scan … | head`: the reader has gone, which is no error.
for (const stream of [stdout, stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    end('EPIPE')
  })
}

const io: Io = {
  // Touching it would open it, and a command that does not read could not end while somebody holds it open.
  get stdin() {
    return process.stdin
  },
  stdout,
  stderr,
  env,
  signal: ending.signal,
}

void runProgram(process.argv.slice(2), io).then((code) => {
  process.exitCode = code
})
