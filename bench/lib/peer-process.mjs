// The parent's end of a child process with one engine.

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('./child.mjs', import.meta.url))

/** Enough for five million rows as objects. */
const heapMebibytes = 16_384

export class PeerProcess {
  #child
  #waiting

  /** `options`: what child.mjs is told; `profile`: a folder for CPU profiles. */
  constructor(options, profile) {
    this.engine = options.engine
    const profiling = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]
    this.#child = fork(program, [], {
      env: { ...process.env, MARQUETRY_BENCH: JSON.stringify(options) },
      execArgv: [`--max-old-space-size=${heapMebibytes}`, ...profiling],
    })
    this.#child.on('message', ({ result, error }) => {
      const { resolve, reject } = this.#waiting
      if (error === undefined) resolve(result ?? {})
      else reject(new Error(`${this.engine}: ${error}`))
    })
    this.#child.once('exit', (code, signal) => {
      this.#waiting?.reject(new Error(`${this.engine}: its process ended with ${code ?? signal}`))
    })
  }

  /** One command at a time. */
  ask(command, more = {}) {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#child.send({ command, ...more })
    })
  }

  async leave() {
    const gone = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#waiting = undefined
    this.#child.send({ command: 'leave' })
    await gone
  }

  kill() {
    this.#waiting = undefined
    this.#child.kill('SIGKILL')
  }
}
