// What the suites get where they ask for a Level database: MarquetryLevel, with options of the engine that a suite must not
// see among its own: MARQUETRY_LEVEL_OPTIONS, as JSON. Also stands in for the package `level` where a suite imports that.

const { rmSync, mkdtempSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { MarquetryLevel } = require('../dist/level/index.js')

const marquetry = JSON.parse(process.env.MARQUETRY_LEVEL_OPTIONS ?? '{}')

/** What the databases of this process have done, those that were closed. */
const done = { databases: 0, flushes: 0, merges: 0 }

class Level extends MarquetryLevel {
  async _open(options) {
    return super._open({ ...options, marquetry })
  }

  async _close() {
    const { table } = this
    await super._close()
    const { flushes, compactions } = table.stats()
    done.databases++
    done.flushes += flushes
    done.merges += compactions
  }
}

/** A new path each time, below a directory that goes with the process. */
let root
let made = 0
function newPath() {
  if (root === undefined) {
    root = mkdtempSync(join(tmpdir(), 'marquetry-ecosystem-'))
    process.on('exit', () => rmSync(root, { recursive: true, force: true }))
  }
  return join(root, String(made++))
}

module.exports = { Level, newPath, done }
