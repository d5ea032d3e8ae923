// Directories that are no database, or nobody's to open: refused by a code of their own, and left as they were.

import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open } from 'marquetry'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startProcess } from '../kill/processes.js'
import { expectError, order, orderSchema, rejected } from './support.js'

let root: string
let whole: string
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'marquetry-errors-'))
  whole = join(root, 'whole')
  const db = await open(whole, { workers: 0, flushOnClose: false })
  const orders = await db.table('orders', orderSchema)
  await orders.put(order(1))
  await orders.flush()
  await orders.put(order(2))
  await db.close()
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** A database of its own for each test, with two orders. */
function copyOf(name: string): string {
  const path = join(root, name)
  cpSync(whole, path, { recursive: true })
  return path
}

/** Everything below a directory, by path. */
function contents(path: string): Record<string, string> {
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = files
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.endsWith('LOCK'))
  return Object.fromEntries(paths.sort().map((file) => [file, readFileSync(file, 'latin1')]))
}

async function expectBothOrders(path: string): Promise<void> {
  const db = await open(path, { workers: 0 })
  const orders = await db.table('orders', orderSchema)
  expect((await orders.scan().toArray()).map(({ id }) => id).sort()).toEqual([1, 2])
  await db.close()
}

describe('what is no database', () => {
  const code = 'MARQUETRY_NOT_A_DATABASE'

  test('a file is refused', async () => {
    const file = join(root, 'file')
    writeFileSync(file, 'text')
    expectError(await rejected(() => open(file)), { code, file, says: 'not a directory' })
    expect(readFileSync(file, 'utf8')).toBe('text')
  })

  test('a directory with other files is refused and left alone', async () => {
    const path = join(root, 'photos')
    mkdirSync(path)
    writeFileSync(join(path, 'holiday.jpg'), '')
    for (const options of [{}, { readOnly: true }, { createIfMissing: false }]) {
      expectError(await rejected(() => open(path, options)), { code, file: path, says: 'holiday.jpg' })
    }
    expect(readdirSync(path)).toEqual(['holiday.jpg'])
  })

  test('nothing, and an empty directory, are refused where nothing may be made', async () => {
    const [missing, empty] = [join(root, 'missing'), join(root, 'empty')]
    mkdirSync(empty)
    for (const options of [{ readOnly: true }, { createIfMissing: false }]) {
      expectError(await rejected(() => open(missing, options)), {
        code,
        file: missing,
        says: 'does not exist',
      })
      expectError(await rejected(() => open(empty, options)), { code, file: empty, says: 'empty' })
    }
    expect(readdirSync(root)).not.toContain('missing')
    expect(readdirSync(empty)).toEqual([])
  })

  test('a database that is there is refused where it should not be, and left alone', async () => {
    const path = copyOf('there')
    const before = contents(path)
    const code = 'MARQUETRY_INVALID_OPTION'
    const error = await rejected(() => open(path, { errorIfExists: true }))
    expectError(error, { code, option: 'errorIfExists', says: 'exists' })
    expect(contents(path)).toEqual(before)
    await expectBothOrders(path)
    await (await open(join(root, 'new'), { errorIfExists: true })).close()
    await (await open(join(root, 'new'), { errorIfExists: false })).close()
  })

  test('a directory below a file is refused by the system', async () => {
    writeFileSync(join(root, 'no'), '')
    expectError(await rejected(() => open(join(root, 'no', 'where'))), {
      code: 'MARQUETRY_IO',
      says: 'no/where',
    })
  })

  test('a database is found behind a symbolic link', async () => {
    const path = copyOf('linked')
    symlinkSync(path, join(root, 'link'))
    await expectBothOrders(join(root, 'link'))
    symlinkSync(join(root, 'nowhere'), join(root, 'dangling'))
    symlinkSync(join(root, 'file'), join(root, 'to a file'))
    for (const name of ['dangling', 'to a file']) {
      expectError(await rejected(() => open(join(root, name))), { code, says: 'not a directory' })
    }
  })
})

describe('another format', () => {
  test('a newer one is refused with both versions, and nothing is changed', async () => {
    const path = copyOf('newer')
    const format = join(path, 'FORMAT')
    const text = readFileSync(format, 'utf8')
    expect(text).toMatch(/ 1\n$/)
    writeFileSync(format, text.replace('1\n', '2\n'))
    const before = contents(path)
    for (const options of [{}, { readOnly: true }]) {
      const error = await rejected(() => open(path, options))
      expectError(error, { code: 'MARQUETRY_UNSUPPORTED_FORMAT', file: format, says: ['format 2', 'format 1'] })
    }
    expect(contents(path)).toEqual(before)
    writeFileSync(format, text)
    await expectBothOrders(path)
  })

  test('one that cannot be read is damage', async () => {
    const path = copyOf('unreadable')
    const format = join(path, 'FORMAT')
    for (const text of ['', 'marquetry database, format 1', 'marquetry database, format x\n', 'sqlite\n']) {
      writeFileSync(format, text)
      expectError(await rejected(() => open(path)), { code: 'MARQUETRY_CORRUPTION', file: format }, text)
    }
  })
})

describe('a database that is in use', () => {
  test('by this process is refused, and can be opened after close', async () => {
    const path = copyOf('mine')
    const db = await open(path, { workers: 0 })
    for (const options of [{}, { createIfMissing: false }]) {
      const error = await rejected(() => open(path, options))
      expectError(error, { code: 'MARQUETRY_LOCKED', pid: process.pid, says: [path, 'this process'] })
    }
    const orders = await db.table('orders')
    expect(await orders.scan().count()).toBe(2)
    await db.close()
    await expectBothOrders(path)
  })

  test('by another process is refused with its pid, and can be opened when it has died', async () => {
    const path = copyOf('theirs')
    const plan = { directory: path, options: { workers: 0 }, seed: 1, firstStamp: 1, roundsMax: 1_000_000 }
    const { child, messages, ended } = startProcess('writer.mjs', plan)
    for await (const message of messages) {
      if (message.acked === undefined) continue
      const error = await rejected(() => open(path))
      expectError(error, { code: 'MARQUETRY_LOCKED', pid: child.pid as number, says: `process ${child.pid}` })
      child.kill('SIGKILL')
      break
    }
    await ended
    await expectBothOrders(path)
  })

  test('a failed open gives the lock back', async () => {
    const path = copyOf('failed')
    const catalog = join(path, 'CATALOG')
    const good = readFileSync(catalog)
    writeFileSync(catalog, 'x')
    expectError(await rejected(() => open(path)), { code: 'MARQUETRY_CORRUPTION' })
    writeFileSync(catalog, good)
    await expectBothOrders(path)
  })
})
