// What the main thread makes of a worker that does not answer as it should.

import { writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { ImportDecoder } from '#src/transfer/import-decoder.js'
import { failureOf, temporaryDirectory } from './support.js'

const path = '/some/file.parquet'
const task = { names: ['a'], rowGroup: 3, rows: 10, firstRow: 0 }

/** A decoder whose worker runs this code, `task` being its task. */
function decoder(code: string, timeoutMs: number, signal?: AbortSignal): ImportDecoder {
  const file = `${temporaryDirectory()}/worker.mjs`
  writeFileSync(file, `export default async (task) => { ${code} }`)
  const schema = { id: 1, columns: [{ id: 1, name: 'a', kind: 'int32' as const }], key: ['a'] }
  return new ImportDecoder({
    file: { path },
    schema,
    limits: { rows: 1000, columns: 10, pages: 10, decodedBytes: 1000 },
    threads: 1,
    timeoutMs,
    signal,
    module: pathToFileURL(file),
  })
}

const begin = 'Atomics.store(new Int32Array(task.begun), 0, 1);'

test('a decoder that never ends is stopped', async () => {
  const error = await failureOf(decoder(`${begin} await new Promise(() => {})`, 200).decode(task))
  expect(error).toMatchObject({
    code: 'MARQUETRY_INVALID_INPUT',
    file: path,
    message: `${path}: its row group 3 cannot be decoded: no end after 200 ms`,
  })
})

test('a decoder that never lets go of its thread is stopped', async () => {
  expect(await failureOf(decoder(`${begin} for (;;) {}`, 200).decode(task))).toMatchObject({
    code: 'MARQUETRY_INVALID_INPUT',
  })
})

test('a decoder that dies, now or later, is an error of the file', async () => {
  const deaths = [
    `process.exit(3)`,
    `throw new RangeError('x')`,
    `setTimeout(() => { throw new Error('unreachable') }); await new Promise(() => {})`,
    `Promise.reject(new Error('nobody listens')); await new Promise(() => {})`,
  ]
  for (const death of deaths) {
    expect(await failureOf(decoder(begin + death, 60_000).decode(task))).toMatchObject({
      code: 'MARQUETRY_INVALID_INPUT',
      file: path,
    })
  }
})

test('waiting for a thread does not count', async () => {
  const busy = decoder(`await new Promise((resolve) => setTimeout(resolve, 600)); return { ok: 1 }`, 60_000)
  const quick = decoder(`${begin} return { ok: 2 }`, 100)
  expect(await Promise.all([busy.decode(task), quick.decode(task)])).toEqual([1, 2])
})

test('an abort stops a decoder that is at work', async () => {
  const controller = new AbortController()
  const decoding = decoder(`${begin} for (;;) {}`, 60_000, controller.signal).decode(task)
  controller.abort('enough')
  expect(await failureOf(decoding)).toMatchObject({ code: 'MARQUETRY_ABORTED', cause: 'enough' })
})

test('errors of the worker keep what they say', async () => {
  const error = { code: 'MARQUETRY_IO', message: 'EIO', file: path }
  expect(
    await failureOf(decoder(`return { error: ${JSON.stringify(error)} }`, 60_000).decode(task)),
  ).toMatchObject(error)
})
