// Files whose checksums are right and whose content is not: of a newer engine, of a foreign program, of somebody with
// bad intentions. What a newer engine may have written is an unsupported format, the rest is corruption; either way
// nothing is changed, and with the good file back all rows are there.

import { crc32 } from 'node:zlib'
import { type FileSystem, open } from 'marquetry'
import { describe, expect, test } from 'vitest'
import { readWhole } from '#src/fs/file-system.js'
import { directory, expectError, rejected, Shop } from './support.js'

const corruption = 'MARQUETRY_CORRUPTION'
const unsupported = 'MARQUETRY_UNSUPPORTED_FORMAT'

type Change = (good: Buffer) => Uint8Array

/** Opening refuses a file of a closed database once it has been changed so, and nothing is lost by that. */
async function expectRefused(pattern: RegExp, change: Change, code: string, ...says: string[]): Promise<void> {
  const shop = await Shop.open({ flushOnClose: false })
  await shop.db.close()
  const folder = pattern.source.startsWith('FORMAT') ? directory : `${directory}/orders`
  const [name] = (await shop.memory.list(folder)).filter((file) => pattern.test(file))
  const file = `${folder}/${name}`
  const good = Buffer.from(await readWhole(shop.memory, file))
  await write(shop, file, change(Buffer.from(good)))
  const before = await contents(shop.memory)
  for (const readOnly of [false, true]) {
    const error = await rejected(() => open(directory, { workers: 0, fileSystem: shop.fs, readOnly }))
    expectError(error, { code, file, says })
    expect(error.message).not.toMatch(/undefined|NaN|object Object/)
  }
  expect(await contents(shop.memory)).toEqual(before)
  await write(shop, file, good)
  await shop.reopen()
  await shop.expectUnharmed()
}

/** Every file of the database, but for the one that names the last holder of the lock. */
async function contents(memory: FileSystem, path: string = directory): Promise<Record<string, string>> {
  if ((await memory.stat(path))?.kind === 'file') {
    return { [path]: Buffer.from(await readWhole(memory, path)).toString('latin1') }
  }
  const found: Record<string, string> = {}
  for (const name of await memory.list(path)) {
    if (name !== 'LOCK') Object.assign(found, await contents(memory, `${path}/${name}`))
  }
  return found
}

async function write({ memory }: Shop, path: string, bytes: Uint8Array): Promise<void> {
  const file = await memory.open(path, 'write')
  await file.truncate(0)
  await file.write(bytes, 0)
  await file.sync()
  await file.close()
}

test('a FORMAT file of another number may go on as it likes; one of ours may not', async () => {
  const line = 'marquetry database, format'
  const text = (content: string): Change => {
    return () => Buffer.from(content)
  }
  await expectRefused(/FORMAT/, text(`${line} 2\nneeds: tea\n`), unsupported, 'format 2', 'reads format 1')
  await expectRefused(/FORMAT/, text(`${line} 1\n${line} 1\n`), corruption, 'byte 29', 'one line')
  await expectRefused(/FORMAT/, text(`${line} 1\n\n`), corruption, 'byte 29', 'one line')
})

describe('the header of a log', () => {
  const header = (change: (header: Buffer) => void, sealed = true): Change => {
    return (log) => {
      change(log)
      if (sealed) log.writeUInt32LE(crc32(log.subarray(0, 64)), 64)
      return log
    }
  }

  test('of another version is one of a newer engine', () =>
    expectRefused(
      /wal$/,
      header((log) => log.writeUInt16LE(2, 4)),
      unsupported,
      'log format 2',
      'format 1',
    ))

  test('with another version that its checksum does not know of is damaged', () =>
    expectRefused(
      /wal$/,
      header((log) => log.writeUInt16LE(2, 4), false),
      corruption,
      'header',
    ))

  test.each([6, 28])('with something in its reserved bytes at %i is one of a newer engine', (at) =>
    expectRefused(
      /wal$/,
      header((log) => log.writeUInt16LE(1, at)),
      unsupported,
      `byte ${at}`,
    ),
  )

  test('with something in the place that no checksum covers is damaged', () =>
    expectRefused(
      /wal$/,
      header((log) => log.writeUInt16LE(1, 70)),
      corruption,
      'header',
    ))
})

describe('an entry of a log', () => {
  // order(3): region "west", id 3; then presence, amount, end of the note, the note.
  const entry = 72 + 32
  const key = entry + 12
  const keyBytes = 'west'.length + 2 + 4
  const row = key + keyBytes
  const rowBytes = 1 + 8 + 4 + 'order 3'.length

  /** Changes the first record's entry, or gives another for it, and makes length and checksum of the record right. */
  const entryBytes = (change: (log: Buffer) => unknown): Change => {
    return (log) => {
      const first = log.subarray(0, row + rowBytes)
      const changed = change(first)
      const record = changed instanceof Uint8Array ? Buffer.from(changed) : first
      record.writeUInt32LE(record.length - entry, 72 + 4)
      record.writeUInt32LE(crc32(record.subarray(72 + 4)), 72)
      return Buffer.concat([record, log.subarray(first.length)])
    }
  }

  /** Moves the border between key and row. */
  const border = (by: number) => (log: Buffer) => {
    log.writeUInt16LE(keyBytes + by, entry)
    log.writeUInt32LE(rowBytes - by, entry + 4)
  }
  const noteEnd = (end: number) => (log: Buffer) => log.writeUInt32LE(end, row + 9)
  const cut = (log: Buffer) => {
    log.writeUInt32LE(5, entry + 4)
    return log.subarray(0, row + 5)
  }

  const cases: readonly (readonly [what: string, part: 'key' | 'row', change: (log: Buffer) => unknown])[] = [
    ['whose key is too short for its columns', 'key', border(-1)],
    ['whose key has bytes too many', 'key', border(1)],
    ['whose text in the key never ends', 'key', (log) => log.fill(0x41, key, row)],
    [
      'whose text in the key has a zero that is no end and no escape',
      'key',
      (log) => log.writeUInt8(1, key + 5),
    ],
    ['whose row lacks its values', 'row', cut],
    ['whose text ends far behind the row', 'row', noteEnd(0xffff_ffff)],
    ['whose text ends one byte behind the row', 'row', noteEnd('order 3'.length + 1)],
    ['whose row has bytes too many', 'row', noteEnd('order 3'.length - 1)],
    ['that deletes and has a row', 'row', (log) => log.writeUInt8(1, entry + 2)],
  ]
  for (const [what, part, change] of cases) {
    test(`${what} is corruption`, () =>
      expectRefused(/wal$/, entryBytes(change), corruption, `byte ${entry}`, `entry's ${part}`))
  }

  test('of an unknown kind is one of a newer engine', () => {
    const change = entryBytes((log) => log.writeUInt8(7, entry + 2))
    return expectRefused(/wal$/, change, unsupported, 'unknown kind 7', `byte ${entry}`)
  })
})

describe('a frame of a manifest', () => {
  /** Appends a frame whose chain is right. */
  const frame = (payload: string): Change => {
    return (manifest) => {
      let at = 16
      let chain = manifest.readUInt32LE(12)
      while (at < manifest.length) {
        chain = manifest.readUInt32LE(at + 4)
        at += 8 + manifest.readUInt32LE(at)
      }
      const head = Buffer.alloc(8)
      head.writeUInt32LE(payload.length, 0)
      head.writeUInt32LE(crc32(payload, crc32(head.subarray(0, 4), chain)), 4)
      return Buffer.concat([manifest, head, Buffer.from(payload)])
    }
  }

  test.each([
    ['kind', '{"kind":"publish","to":"iceberg"}', 'unknown kind "publish"'],
    ['field', '{"kind":"edit","retention":7}', 'unknown field "retention"'],
  ])('with an unknown %s is one of a newer engine', (_, payload, says) =>
    expectRefused(/^MANIFEST/, frame(payload), unsupported, says, 'reads manifest format 1'),
  )

  test.each([
    ['no kind', '{}', 'kind'],
    ['a field of the wrong form', '{"kind":"edit","removeLogs":"all"}', 'removeLogs'],
    ['no JSON', '{"kind":"edit"', 'not JSON'],
  ])('with %s is corruption', (_, payload, says) =>
    expectRefused(/^MANIFEST/, frame(payload), corruption, 'byte', says),
  )
})
