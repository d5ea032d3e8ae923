// Loaded into a process and its worker threads with `--import`. A worker that starts while the variable SABOTAGE is set ends
// as it says, once, in its first write to a data file below tmp/, or while it encodes the first row group.

import fs from 'node:fs'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import { isMainThread } from 'node:worker_threads'

// (module (func (export "trap") unreachable))
const trapping = Uint8Array.from([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 8, 1, 4, 116, 114, 97, 112, 0, 0, 10, 5, 1, 3,
  0, 0, 11,
])

const ends = {
  exit: () => process.exit(3),
  uncaught: () => {
    setImmediate(() => {
      throw new Error('thrown where nobody catches it')
    })
    return new Promise(() => {}) // the write never ends
  },
  memory: () => {
    for (const held = []; ; ) held.push(new Array(10_000).fill(held.length))
  },
}

/** parquet-wasm's encoder traps, until a new instance of it is made. */
function trapEncoder() {
  const wasm = createRequire(import.meta.url)('parquet-wasm/node')
  wasm.writeParquet = () => new WebAssembly.Instance(new WebAssembly.Module(trapping)).exports.trap()
}

if (!isMainThread && process.env.SABOTAGE === 'trap') trapEncoder()
else if (!isMainThread && process.env.SABOTAGE) {
  const end = ends[process.env.SABOTAGE]
  const { open, write } = fs
  const doomed = new Set()
  let done = false
  fs.open = (path, ...args) => {
    const callback = args.pop()
    open(path, ...args, (error, fd) => {
      if (!error && /[/\\]tmp[/\\].*data\.parquet$/.test(path)) doomed.add(fd)
      callback(error, fd)
    })
  }
  fs.write = (fd, ...args) => {
    if (doomed.has(fd) && !done) {
      done = true
      if (end() !== undefined) return
    }
    write(fd, ...args)
  }
  syncBuiltinESMExports()
}
