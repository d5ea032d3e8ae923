// What happens to a database as a whole: its size, being compacted, opened, and opened after its process was killed.

import { fork } from 'node:child_process'
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { randomPlace } from '../data/index.mjs'
import { totalsOf } from './expected.mjs'
import { batchRows, bytesBelow } from './load.mjs'

const overwrittenShare = 0.1
const recoveredMost = 100_000

const recoveredRows = (data) => Math.min(data.rows, recoveredMost)

async function writeRows(store, data, count, change = (row) => row) {
  for (let from = 0; from < count; from += batchRows) {
    const shapes = []
    for (let i = from; i < Math.min(from + batchRows, count); i++) {
      shapes.push(store.shape(change(data.rowAt(randomPlace(i, data.rows)))))
    }
    await store.write(shapes)
  }
}

/** In a process of its own: writes, closes nothing, and is killed as by a power button that spares the system. */
export async function writeAndDie({ engine, data, optionsFor, directory }) {
  const store = await engine.open(directory, data, optionsFor('recover'))
  await writeRows(store, data, recoveredRows(data))
  process.kill(process.pid, 'SIGKILL')
}

/** Opens a database and gets one row of it. */
async function openAndGet({ engine, data, optionsFor }, directory, use, k) {
  const began = performance.now()
  const store = await engine.open(directory, data, optionsFor(use))
  const key = store.key(data.keyAt(k))
  const row = store.get === undefined ? store.getSync(key) : await store.get(key)
  const milliseconds = performance.now() - began
  return { store, milliseconds, digest: row === undefined ? Number.NaN : data.digest(row) }
}

const compact = {
  name: 'compact',
  title: `a database of which ${100 * overwrittenShare} % were overwritten, compacted by its own means`,
  unit: 'rows/s',
  use: 'load',
  needs: 'compact',
  needsLoaded: true,
  warmUps: () => 0,
  async begin() {},
  async round(_, context) {
    const { engine, data, optionsFor } = context
    const directory = join(context.scratch, 'compact')
    cpSync(context.directory, directory, { recursive: true })
    const count = Math.floor(data.rows * overwrittenShare)
    const writer = await engine.open(directory, data, optionsFor('load'))
    await writeRows(writer, data, count, (row) => ({ ...row, [data.sumColumn]: row[data.sumColumn] + 1 }))
    await writer.settle()
    const began = performance.now()
    await writer.compact()
    const milliseconds = performance.now() - began
    const check = { sum: await writer.sum(data.sumColumn) }
    await writer.close()
    rmSync(directory, { recursive: true, force: true })
    return { ops: data.rows, milliseconds, check }
  },
  end() {},
  expected: (data) => ({ sum: totalsOf(data).column + Math.floor(data.rows * overwrittenShare) }),
}

const open = {
  name: 'open',
  title: 'opening the loaded database and getting one row',
  unit: 'ms',
  use: 'hot',
  needs: 'open',
  needsLoaded: true,
  async begin() {
    return { opens: 0 }
  },
  async round(state, context) {
    const k = (state.opens++ * 7919) % context.data.rows
    const { store, milliseconds, digest } = await openAndGet(context, context.directory, 'hot', k)
    await store.close()
    const found = Math.abs(digest - context.data.digest(context.data.rowAt(k))) < 1e-6
    return { ops: 1, milliseconds, check: { rows: found ? 1 : 0 } }
  },
  end() {},
  expected: () => ({ rows: 1 }),
}

const recover = {
  name: 'recover',
  title: `opening after the process that wrote up to ${recoveredMost} rows was killed, and getting the last one`,
  unit: 'ms',
  use: 'recover',
  needs: 'recover',
  async begin({ scratch, childArguments }) {
    const crashed = join(scratch, 'crashed')
    const child = fork(fileURLToPath(new URL('../lib/child.mjs', import.meta.url)), ['die', crashed], {
      env: { ...process.env, MARQUETRY_BENCH: JSON.stringify(childArguments) },
    })
    await new Promise((resolve, reject) => {
      child.once('exit', (code, signal) =>
        signal === 'SIGKILL' ? resolve() : reject(new Error(`the writer ended with ${code ?? signal}`)),
      )
    })
    return { crashed }
  },
  async round({ crashed }, context) {
    const directory = join(context.scratch, 'recover')
    cpSync(crashed, directory, { recursive: true })
    const last = randomPlace(recoveredRows(context.data) - 1, context.data.rows)
    const { store, milliseconds } = await openAndGet(context, directory, 'recover', last)
    const check = { sum: await store.sum(context.data.sumColumn) }
    await store.close()
    rmSync(directory, { recursive: true, force: true })
    return { ops: 1, milliseconds, check }
  },
  end({ crashed }) {
    rmSync(crashed, { recursive: true, force: true })
  },
  expected(data) {
    let sum = 0
    for (let i = 0; i < recoveredRows(data); i++) sum += data.rowAt(randomPlace(i, data.rows))[data.sumColumn]
    return { sum }
  },
}

const bytes = {
  name: 'bytes',
  title: 'bytes on disk of the loaded database, closed',
  unit: 'bytes',
  use: 'load',
  needs: 'bytes',
  needsLoaded: true,
  rounds: 1,
  warmUps: () => 0,
  async begin() {},
  round: async (_, { directory }) => ({ ops: 1, bytes: bytesBelow(directory), check: {} }),
  end() {},
  expected: () => ({}),
}

export const lifeWorkloads = [compact, open, recover, bytes]
