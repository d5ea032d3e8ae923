// What the demo shows while it runs, and in the end.

const number = new Intl.NumberFormat('en-US')
const isTerminal = process.stderr.isTTY === true
/** How often the progress line is drawn: anew on a terminal, as a further line elsewhere. */
const everyMs = isTerminal ? 100 : 4000

/** 1234567 → '1,234,567'. */
export const count = (value) => number.format(value)
/** Bytes → '14.6 MB'. */
export const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`

/** Steps, timed one after the other, with a progress line on stderr. */
export class Report {
  #steps = []
  #lastDrawn = 0
  #startedMs = performance.now()

  /** Runs a step. `run` gets a function that shows how far it has come and returns what the table shall say of it. */
  async step(name, run) {
    const started = performance.now()
    this.#lastDrawn = started
    const show = (text) => {
      const now = performance.now()
      if (now - this.#lastDrawn < everyMs) return
      this.#lastDrawn = now
      const line = `${name}: ${text((now - started) / 1000)}`
      process.stderr.write(isTerminal ? `\r\x1b[2K${line}` : `${line}\n`)
    }
    const result = await run(show)
    if (isTerminal) process.stderr.write('\r\x1b[2K')
    this.#steps.push([name, `${((performance.now() - started) / 1000).toFixed(2)} s`, result])
  }

  /** Prints the table of all steps. */
  print() {
    const total = `${((performance.now() - this.#startedMs) / 1000).toFixed(2)} s`
    const rows = [...this.#steps, ['in all', total, '']]
    const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column].length)))
    for (const [name, seconds, result] of rows) {
      console.log(`${name.padEnd(widths[0])}  ${seconds.padStart(widths[1])}  ${result}`.trimEnd())
    }
  }
}
