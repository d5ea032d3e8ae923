// Rows as streams: all of them in order, no more in memory than was asked for, and an end that closes what was open.

import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { open, t } from 'marquetry'
import { expect, onTestFinished, test } from 'vitest'
import { MemoryFileSystem } from '#src/fs/memory.js'

async function numbers(rows: number) {
  const db = await open('db', { fileSystem: new MemoryFileSystem(), workers: 0 })
  onTestFinished(() => db.close())
  const table = await db.table('numbers', { columns: { id: t.int32(), text: t.utf8() }, key: ['id'] })
  const operations = Array.from(
    { length: rows },
    (_, id) => ({ type: 'put', row: { id, text: `n${id}` } }) as const,
  )
  if (rows > 0) await table.batch(operations)
  return table
}

test('a scan as a Node stream and as a web stream gives its rows in order', async () => {
  const table = await numbers(20_000)
  const rows = await table.scan().toArray()
  expect(await table.scan().toReadable().toArray()).toEqual(rows)
  const fromWeb: unknown[] = []
  for await (const row of table.scan({ gte: 19_000 }).toReadableStream()) fromWeb.push(row)
  expect(fromWeb).toEqual(rows.slice(19_000))
  expect(await table.scan({ gte: 30_000 }).toReadable().toArray()).toEqual([])
})

test('a stream that is left ends its scan, and a scan that fails ends its stream', async () => {
  const table = await numbers(20_000)
  const readable = table.scan().toReadable()
  for await (const { id } of readable) if (id === 5) break
  expect(readable.destroyed).toBe(true)
  const reader = table.scan().toReadableStream().getReader()
  await reader.read()
  await reader.cancel()
  const controller = new AbortController()
  const aborted = table.scan({ signal: controller.signal }).toReadable()
  const reading = (async () => {
    for await (const { id } of aborted) if (id === 5) controller.abort()
  })()
  await expect(reading).rejects.toMatchObject({ code: 'MARQUETRY_ABORTED' })
})

test('a write stream takes rows as fast as the table does, and finishes when all are written', async () => {
  const source = await numbers(10_000)
  const copy = await numbers(0)
  await pipeline(source.scan().toReadable(), copy.createWriteStream({ batchRows: 100 }))
  expect(await copy.scan().toArray()).toEqual(await source.scan().toArray())
  expect(copy.stats().batches).toBeGreaterThanOrEqual(100)
  const stream = copy.createWriteStream({ batchRows: 4 })
  const taken = Array.from({ length: 6 }, (_, id) => stream.write({ id, text: 'again' }))
  expect(taken).toEqual([true, true, true, false, false, false])
  stream.end()
  await new Promise((resolve) => stream.once('finish', resolve))
  expect(await copy.get(5)).toEqual({ id: 5, text: 'again' })
})

test('a row that is refused destroys the write stream with its error', async () => {
  const table = await numbers(0)
  const rows = Readable.from([
    { id: 1, text: 'x' },
    { id: 'two', text: 'y' },
    { id: 3, text: 'z' },
  ])
  await expect(pipeline(rows, table.createWriteStream())).rejects.toMatchObject({
    code: 'MARQUETRY_INVALID_ROW',
  })
  const controller = new AbortController()
  const stopped = pipeline(table.scan().toReadable(), table.createWriteStream({ signal: controller.signal }))
  controller.abort()
  await expect(stopped).rejects.toMatchObject({ name: 'AbortError' })
  expect(() => table.createWriteStream({ batchRows: 0 })).toThrow(
    expect.objectContaining({ option: 'batchRows' }),
  )
})
