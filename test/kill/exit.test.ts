// A process that has nothing left to do ends by itself, whether it has closed its database or forgotten to; and what
// was acknowledged is there afterwards.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type OpenOptions, open } from 'marquetry'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProcess } from './processes.js'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'marquetry-exit-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** Less than the time after which idle worker threads are ended: they must not be what a process waits for. */
const patienceMs = 8_000

/** Runs a guest to its end. One that hangs is killed, and so does not end with code 0. */
async function visit(plan: object): Promise<number> {
  const { child, messages, ended } = startProcess('guest.mjs', plan)
  let saidMs = 0
  let timer: NodeJS.Timeout | undefined
  const seen: unknown[] = []
  for await (const message of messages) {
    seen.push(message)
    saidMs = performance.now()
    timer = setTimeout(() => child.kill('SIGKILL'), patienceMs)
  }
  expect(await ended).toEqual({ code: 0, signal: null })
  clearTimeout(timer)
  expect(seen).toHaveLength(1)
  return performance.now() - saidMs
}

const rows = 300
const small = { memtableRows: 50, workers: 1 }
const ways: readonly (readonly [
  name: string,
  plan: { options: OpenOptions; close: boolean; busy: boolean },
])[] = [
  ['closes', { options: small, close: true, busy: false }],
  ['closes without having flushed', { options: { flushOnClose: false }, close: true, busy: false }],
  ['closes with jobs done on its own thread', { options: { ...small, workers: 0 }, close: true, busy: false }],
  ['closes with a scan and a snapshot open', { options: small, close: true, busy: true }],
  ['forgets to close', { options: { workers: 1 }, close: false, busy: false }],
  ['forgets to close while worker threads flush', { options: small, close: false, busy: false }],
  [
    'forgets everything, with a log that syncs later',
    { options: { ...small, wal: 'batch' }, close: false, busy: true },
  ],
  [
    'forgets everything, with a log that never syncs',
    { options: { ...small, wal: 'async' }, close: false, busy: true },
  ],
]

for (const [index, [name, plan]] of ways.entries()) {
  test(`a process that ${name} ends by itself, and its rows are there`, async () => {
    const directory = join(root, String(index))
    const tookMs = await visit({ directory, rows, ...plan })
    console.log(`${name}: ended after ${Math.round(tookMs)} ms`)
    const db = await open(directory, { workers: 1 })
    try {
      const table = await db.table('guests')
      const found = await table.scan().toArray()
      expect(found).toEqual(Array.from({ length: rows }, (_, id) => ({ id, text: `guest ${id}` })))
    } finally {
      await db.close()
    }
  })
}

test('a process that opens a database and does nothing else ends by itself', async () => {
  for (const close of [true, false]) {
    await visit({ directory: join(root, `idle ${close}`), rows: 0, options: {}, close, busy: false })
  }
})
