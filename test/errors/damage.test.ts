// Damaged files: MARQUETRY_CORRUPTION that names file and offset, never wrong rows; other tables keep working. What can be
// made again out of whole data is no error at all.

import { type Database, open } from 'marquetry'
import { describe, expect, test } from 'vitest'
import { readWhole } from '#src/fs/file-system.js'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { equalBytes } from '#src/util/bytes.js'
import { expectError, type Orders, order, orderSchema, rejected, thrown } from './support.js'

const code = 'MARQUETRY_CORRUPTION'

interface Files {
  readonly fs: MemoryFileSystem
  /** Path of the one file that matches. */
  find(pattern: RegExp): Promise<string>
  write(path: string, bytes: Uint8Array): Promise<void>
  read(path: string): Promise<Uint8Array>
  /** Opens, reads all of both tables, closes. */
  state(): Promise<Record<string, number[]>>
}

async function pathsBelow(fs: MemoryFileSystem, path: string): Promise<string[]> {
  if ((await fs.stat(path))?.kind !== 'directory') return [path]
  const names = await fs.list(path)
  return (await Promise.all(names.map((name) => pathsBelow(fs, `${path}/${name}`)))).flat()
}

const idsOf = async (table: Orders) => (await table.scan().toArray()).map(({ id }) => id).sort((a, b) => a - b)

/** Two tables: `orders` with an SSTable and a log of its own, `others` too. */
async function makeFiles(fs = new MemoryFileSystem()): Promise<Files> {
  const db = await open('db', { fileSystem: fs, flushOnClose: false, rowGroupRows: 50 })
  for (const name of ['orders', 'others']) {
    const table = await db.table(name, orderSchema)
    await table.batch(Array.from({ length: 300 }, (_, id) => ({ type: 'put', row: order(id) })))
    await table.flush()
    for (let id = 300; id < 305; id++) await table.put(order(id))
  }
  await db.close()
  return {
    fs,
    async find(pattern) {
      const found = (await pathsBelow(fs, 'db')).filter((path) => pattern.test(path))
      expect(found).toHaveLength(1)
      return found[0] as string
    },
    read: (path) => readWhole(fs, path),
    async write(path, bytes) {
      const file = await fs.open(path, 'write')
      await file.truncate(0)
      await file.write(bytes, 0)
      await file.close()
    },
    async state() {
      const opened = await open('db', { fileSystem: fs, flushOnClose: false })
      try {
        return {
          orders: await idsOf(await opened.table('orders', orderSchema)),
          others: await idsOf(await opened.table('others', orderSchema)),
        }
      } finally {
        await opened.close()
      }
    },
  }
}

const flipped = (bytes: Uint8Array, at: number, mask = 0x10) =>
  bytes.map((byte, i) => (i === at ? byte ^ mask : byte))
const ids = (count: number) => Array.from({ length: count }, (_, id) => id)
const openFiles = ({ fs }: Files) => open('db', { fileSystem: fs, flushOnClose: false })

describe('a damaged catalog', () => {
  test('is found, whichever byte it is, and repaired by the good one', async () => {
    const files = await makeFiles()
    const path = await files.find(/CATALOG/)
    const good = await files.read(path)
    for (let at = 0; at < good.length; at++) {
      await files.write(path, flipped(good, at))
      expectError(await rejected(() => openFiles(files)), { code, file: path }, `byte ${at}`)
    }
    for (const length of [0, 1, good.length - 1]) {
      await files.write(path, good.subarray(0, length))
      expectError(await rejected(() => openFiles(files)), { code, file: path }, `${length} bytes`)
    }
    await files.fs.remove(path)
    expectError(await rejected(() => openFiles(files)), { code, file: path, says: 'missing' })
    const file = await files.fs.open(path, 'create')
    await file.write(good, 0)
    expect(await files.state()).toEqual({ orders: ids(305), others: ids(305) })
  })
})

describe('a damaged manifest', () => {
  test('is found, whichever byte it is, and nothing was written meanwhile', async () => {
    const files = await makeFiles()
    const path = await files.find(/orders\/MANIFEST/)
    const good = await files.read(path)
    const before = await pathsBelow(files.fs, 'db')
    let offsets = 0
    for (let at = 0; at < good.length; at++) {
      await files.write(path, flipped(good, at))
      const error = await rejected(() => openFiles(files))
      // Damage to the last edit looks like a torn write; then the log vouches for the edit, so the log's file is named.
      expectError(error, { code, says: 'db/orders' }, `byte ${at}`)
      if (error.file === path && error.offset !== undefined) offsets++
    }
    expect(offsets).toBeGreaterThan(good.length / 2)
    expect(await pathsBelow(files.fs, 'db')).toEqual(before)
    await files.write(path, good)
    expect(await files.state()).toEqual({ orders: ids(305), others: ids(305) })
  })

  test('is found, wherever it ends too soon', async () => {
    const files = await makeFiles()
    const path = await files.find(/orders\/MANIFEST/)
    const good = await files.read(path)
    for (let length = 0; length < good.length; length += 3) {
      await files.write(path, good.subarray(0, length))
      expectError(await rejected(() => openFiles(files)), { code, says: 'db/orders' }, `${length} bytes`)
      const reading = () => open('db', { fileSystem: files.fs, readOnly: true })
      expectError(await rejected(reading), { code, says: 'db/orders' }, `${length} bytes, for reading`)
    }
    await files.fs.remove(path)
    expectError(await rejected(() => openFiles(files)), { code, says: 'no manifest' })
  })

  test('is found, although all was flushed and no log vouches for it, and no SSTable is removed', async () => {
    for (const compacts of [false, true]) {
      const fs = new MemoryFileSystem()
      const db = await open('db', { fileSystem: fs })
      const orders = await db.table('orders', orderSchema)
      for (let id = 0; id < 4; id += 2) {
        await orders.batch([
          { type: 'put', row: order(id) },
          { type: 'put', row: order(id + 1) },
        ])
        await orders.flush()
      }
      if (compacts) await orders.compact()
      await db.close()
      const path = 'db/orders/MANIFEST-000001'
      const good = await readWhole(fs, path)
      const before = await pathsBelow(fs, 'db/orders/sst')
      for (let length = 0; length < good.length; length++) {
        const copy = fs.crash({ unsynced: 'kept' })
        await (await copy.open(path, 'write')).truncate(length)
        const readOnly = length % 2 === 0
        const error = await rejected(() => open('db', { fileSystem: copy, readOnly }))
        expectError(error, { code, says: 'db/orders' }, `${length} of ${good.length} bytes`)
        expect(await pathsBelow(copy, 'db/orders/sst')).toEqual(before)
      }
    }
  })
})

describe('a log', () => {
  test('that is missing is found', async () => {
    const files = await makeFiles()
    const path = await files.find(/orders\/\d+\.wal/)
    await files.fs.remove(path)
    expectError(await rejected(() => openFiles(files)), { code, file: path, says: 'missing' })
  })

  test('that belongs to another table is found', async () => {
    const files = await makeFiles()
    const path = await files.find(/orders\/\d+\.wal/)
    await files.write(path, await files.read(await files.find(/others\/\d+\.wal/)))
    expectError(await rejected(() => openFiles(files)), { code, file: path })
  })

  test('that is damaged before a record written later is found: what was durable is not cut off', async () => {
    const files = await makeFiles()
    const path = await files.find(/orders\/\d+\.wal/)
    const good = await files.read(path)
    const records = recordStarts(good)
    expect(records).toHaveLength(5)
    // The last one has no proof behind it: a later record says how much was durable when it was made.
    for (let at = 0; at < (records[4] as number); at++) {
      if (at >= 68 && at < 72) continue // the header's filling
      await files.write(path, flipped(good, at))
      const error = await rejected(() => openFiles(files))
      expectError(error, { code, file: path }, `byte ${at}`)
      const start = records.findLast((record) => record <= at) ?? 0
      if (at >= (records[0] as number)) expect(error.offset, `byte ${at}`).toBe(start)
    }
    await files.write(path, good)
    expect(await files.state()).toEqual({ orders: ids(305), others: ids(305) })
  })

  test('whose tail is torn loses that record and no other', async () => {
    const files = await makeFiles()
    const path = await files.find(/orders\/\d+\.wal/)
    const good = await files.read(path)
    const records = recordStarts(good)
    const last = records[4] as number
    for (let length = last; length < good.length; length += 7) {
      const copy: Files = { ...files, fs: files.fs.crash({ unsynced: 'kept' }) }
      const file = await copy.fs.open(path, 'write')
      await file.truncate(length)
      const db = await openFiles(copy)
      expect(await idsOf(await db.table('orders', orderSchema)), `${length} bytes`).toEqual(ids(304))
      await db.close()
    }
  })
})

/** Where the records of a log begin. */
function recordStarts(log: Uint8Array): number[] {
  const view = new DataView(log.buffer, log.byteOffset, log.length)
  const starts: number[] = []
  for (let at = 72; at < log.length; at += 32 + view.getUint32(at + 4, true)) starts.push(at)
  return starts
}

describe('a table', () => {
  test.each(['', '/sst', '/tmp'])('whose directory %s is missing is found at open', async (folder) => {
    const files = await makeFiles()
    const path = `db/orders${folder}`
    await files.fs.remove(path)
    expectError(await rejected(() => openFiles(files)), { code, file: path, says: 'missing' })
  })
})

describe('an SSTable', () => {
  const reads = (table: Orders): Record<string, () => PromiseLike<unknown>> => ({
    scan: () => table.scan().toArray(),
    'scan in reverse': () => table.scan({ reverse: true }).toArray(),
    'scan as batches': () => table.scan().toArrow(),
    count: () => table.scan().count(),
  })

  /** Reads of `orders` fail and name the file; `others`, writes and rows in memory do not care. */
  async function expectFoundByReads(db: Database, file: string, key: readonly [string, number]): Promise<void> {
    const orders = await db.table('orders', orderSchema)
    for (const [name, read] of Object.entries(reads(orders))) {
      const error = await rejected(read)
      expectError(error, { code, file }, name)
    }
    for (const call of [() => orders.get(key), () => orders.has(key)]) {
      expectError(await rejected(call), { code, file })
    }
    expectError(
      thrown(() => orders.getSync(key)),
      { code, file },
    )
    expect(await idsOf(await db.table('others', orderSchema))).toEqual(ids(305))
    expect(await orders.get(['east', 304])).toEqual(order(304))
    await orders.put(order(400))
    expect(await orders.get(['east', 400])).toEqual(order(400))
  }

  /** Every way to read gives what was written. */
  async function expectAllReads(db: Database): Promise<Orders> {
    const orders = await db.table('orders', orderSchema)
    for (const id of [4, 5, 299, 300]) {
      const { region } = order(id)
      expect(orders.getSync([region, id])).toEqual(order(id))
      expect(await orders.get([region, id])).toEqual(order(id))
      expect(orders.getSync([region, id + 1000])).toBeUndefined()
    }
    expect(await idsOf(orders)).toEqual(ids(305))
    expect(await orders.scan({ reverse: true }).count()).toBe(305)
    return orders
  }

  test('whose folder is missing is found at open', async () => {
    const files = await makeFiles()
    const data = await files.find(/orders\/sst\/\d+\/data.parquet/)
    const folder = data.replace('/data.parquet', '')
    await files.fs.remove(folder)
    expectError(await rejected(() => openFiles(files)), { code, file: folder, says: 'missing' })
  })

  test('with a damaged byte of data gives its file and place instead of rows', async () => {
    const files = await makeFiles()
    const path = await files.find(/orders\/sst\/\d+\/data.parquet/)
    const good = await files.read(path)
    let met = 0
    for (let at = 5; at < good.length; at += 211) {
      await files.write(path, flipped(good, at))
      const db = await openFiles(files)
      const orders = await db.table('orders', orderSchema)
      const result = await orders
        .scan()
        .toArray()
        .catch((error: unknown) => error)
      if (Array.isArray(result))
        expect(result).toHaveLength(305) // a byte that no scan reads: the footer's, say
      else {
        expectError(result, { code, file: path }, `byte ${at}`)
        expect(Math.floor((result.offset ?? -1) / 4096), `byte ${at}`).toBe(Math.floor(at / 4096))
        met++
      }
      await db.close()
    }
    expect(met).toBeGreaterThan(good.length / 211 / 2)
  })

  test('whose data.parquet is missing fails its reads and no others', async () => {
    const files = await makeFiles()
    const path = await files.find(/orders\/sst\/\d+\/data.parquet/)
    await files.fs.remove(path)
    const db = await openFiles(files)
    await expectFoundByReads(db, path, ['east', 4])
    await db.close()
  })

  for (const [name, damage] of [
    ['flipped', (bytes: Uint8Array) => flipped(bytes, Math.min(100, bytes.length >> 1))],
    ['cut off', (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 5)],
    ['empty', (bytes: Uint8Array) => bytes.subarray(0, 0)],
    ['too long', (bytes: Uint8Array) => Uint8Array.of(...bytes, 0)],
  ] as const) {
    test(`whose data.parquet is ${name} fails its reads and no others`, async () => {
      const files = await makeFiles()
      const path = await files.find(/orders\/sst\/\d+\/data.parquet/)
      await files.write(path, damage(await files.read(path)))
      const db = await openFiles(files)
      await expectFoundByReads(db, path, ['east', 4])
      await db.close()
    })

    for (const file of ['checksums.crc', 'index.sparse', 'filter.bloom']) {
      test(`whose ${file} is ${name} answers without it, and has it again afterwards`, async () => {
        const files = await makeFiles()
        const path = await files.find(new RegExp(`orders/sst/\\d+/${file}`))
        const good = await files.read(path)
        const bad = damage(good)
        await files.write(path, bad)
        const reader = await open('db', { fileSystem: files.fs, readOnly: true })
        await expectAllReads(reader)
        await reader.close()
        expect(await files.read(path)).toEqual(bad)
        const db = await openFiles(files)
        const orders = await expectAllReads(db)
        // A filter is rebuilt beside the reads; `close` would give that up.
        for (let turn = 0; turn < 10_000 && !equalBytes(await files.read(path), good); turn++) {
          await new Promise((resolve) => setImmediate(resolve))
        }
        expect(await orders.get(['east', 4])).toEqual(order(4))
        await db.close()
        expect(await files.read(path)).toEqual(good)
      })
    }

    test(`whose checksums.crc and index.sparse are ${name} still tells damaged data`, async () => {
      const files = await makeFiles()
      for (const file of ['checksums.crc', 'index.sparse', 'data.parquet']) {
        const path = await files.find(new RegExp(`orders/sst/\\d+/${file}`))
        const bytes = await files.read(path)
        await files.write(path, file === 'data.parquet' ? flipped(bytes, bytes.length >> 1) : damage(bytes))
      }
      const db = await openFiles(files)
      await expectFoundByReads(db, await files.find(/orders\/sst\/\d+\/data.parquet/), ['east', 4])
      await db.close()
    })
  }
})
