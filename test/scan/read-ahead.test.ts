// Long scans whose pieces are read by workers, beside the same scans read on one thread.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type Database, isMarquetryError, type OpenOptions, open, type Snapshot, t } from 'marquetry'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FileSystem } from '#src/fs/file-system.js'
import { nodeFileSystem } from '#src/fs/node.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { testSeed } from '../test-seed.js'

const rows = 30_000
const columns = {
  k: t.int32(),
  n: t.int32().nullable(),
  i: t.int64(),
  s: t.utf8().nullable(),
  f: t.float64(),
  b: t.bool().nullable(),
  raw: t.binary(),
  d: t.decimal128(20, 2),
}
type Name = keyof typeof columns
const names = Object.keys(columns) as Name[]

/** Version `version` of a row. */
const rowOf = (k: number, version = 0) => ({
  k,
  n: k % 7 === 0 ? null : (k >> 4) + version,
  i: BigInt(k) * 10_000_000_019n,
  s: k % 5 === 0 ? null : `value ${(k * 7919) % 1000} of ${version}`,
  f: (k * 31) % 1009,
  b: k % 3 === 0 ? null : k % 2 === 0,
  raw: new Uint8Array([k & 255, version]),
  d: `${k}.25`,
})
type Row = ReturnType<typeof rowOf>

/** The whole table is far larger than this cache, so that every long piece passes it by. */
const small = { cacheBytes: 1 << 16, wal: 'async', rowGroupRows: 16_384 } as const

async function tableOf(db: Database) {
  return await db.table('t', { columns, key: ['k'] })
}
type Table = Awaited<ReturnType<typeof tableOf>>

async function withTable<T>(
  path: string,
  options: OpenOptions,
  use: (table: Table, db: Database) => Promise<T>,
) {
  const db = await open(path, { ...small, ...options })
  try {
    return await use(await tableOf(db), db)
  } finally {
    await db.close()
  }
}

async function fill(table: Table, from: number, to: number, step = 1, version = 0) {
  for (let k = from; k < to; k += 10_000) {
    const count = Math.ceil((Math.min(k + 10_000, to) - k) / step)
    const puts = Array.from({ length: count }, (_, i) => rowOf(k + i * step, version))
    await table.batch(puts.map((row) => ({ type: 'put', row })))
  }
  await table.flush()
}

const directory = mkdtempSync(join(tmpdir(), 'marquetry-ahead-'))
const compressions = ['snappy', 'uncompressed'] as const
const pathOf = (compression: string) => join(directory, compression)

beforeAll(async () => {
  for (const compression of compressions) {
    await withTable(pathOf(compression), { compression, workers: 0 }, (table) => fill(table, 0, rows))
  }
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

interface Asked {
  readonly columns: readonly Name[]
  readonly gte: number
  readonly lt: number
  readonly where: { readonly f: { readonly lt: number } } | undefined
}

function randomScan(random: () => number): Asked {
  const below = (count: number) => Math.floor(random() * count)
  const wanted = names.filter(() => below(4) > 0)
  const gte = below(3) === 0 ? 0 : below(rows / 3)
  return {
    columns: wanted.length === 0 ? ['s'] : wanted,
    gte,
    lt: below(3) === 0 ? rows : rows - below(rows / 3),
    where: below(2) === 0 ? undefined : { f: { lt: [-1, 3, 500, 2000][below(4)]! } },
  }
}

function expectedOf({ columns, gte, lt, where }: Asked, row: (k: number) => Row): Partial<Row>[] {
  return Array.from({ length: lt - gte }, (_, i) => row(gte + i))
    .filter(({ f }) => where === undefined || f < where.f.lt)
    .map((row) => Object.fromEntries(columns.map((name) => [name, row[name]])))
}

/** As `toEqual`, which takes seconds for so many rows that are equal. */
function expectRows(actual: readonly object[], expected: readonly object[], label = ''): void {
  if (!isDeepStrictEqual(actual, expected)) expect(actual, label).toEqual(expected)
}

const scanOf = (table: Table, { where, ...asked }: Asked, snapshot?: Snapshot) =>
  table.scan({ ...asked, ...(where && { where }), ...(snapshot && { snapshot }) })

describe.each(compressions)('scans of %s files', (compression) => {
  test.each([0, 1, 2])('yield the same rows with %i workers', (workers) =>
    withTable(pathOf(compression), { workers }, async (table) => {
      const random = seededRandom(testSeed)
      for (let i = 0; i < 5; i++) {
        const asked = randomScan(random)
        const where = asked.where?.f.lt
        const label = `seed ${testSeed}, scan ${i}: ${asked.columns}, ${asked.gte}..${asked.lt}, f < ${where}`
        expectRows(await scanOf(table, asked).toArray(), expectedOf(asked, rowOf), label)
      }
    }),
  )
})

/** The file system of the machine; `counted` takes up the bytes of data files that this thread reads. */
function counting(counted: { bytes: number }): FileSystem {
  const fs = nodeFileSystem()
  const openSync: FileSystem['openSync'] = (path, mode) => {
    const file = fs.openSync(path, mode)
    if (!path.endsWith('data.parquet')) return file
    const read = file.read.bind(file)
    file.read = async (into, position) => {
      const bytes = await read(into, position)
      counted.bytes += bytes
      return bytes
    }
    return file
  }
  return new Proxy(fs, {
    get(_, name) {
      if (name === 'openSync') return openSync
      const value: unknown = Reflect.get(fs, name)
      return typeof value === 'function' ? value.bind(fs) : value
    },
  })
}

test('workers read some of a long scan, nothing of a short one, and say how much', async () => {
  const counted = { bytes: 0 }
  await withTable(pathOf('snappy'), { workers: 2, fileSystem: counting(counted) }, async (table) => {
    const long = (await table.scan().explain({ analyze: true })).readings
    expect(long?.rows).toBe(rows)
    expect(long?.rowGroups).toBe(Math.ceil(rows / small.rowGroupRows))
    expect(long?.bytes).toBeGreaterThan(table.files()[0]!.bytes * 0.9)
    expect(counted.bytes).toBeGreaterThan(0)
    expect(counted.bytes).toBeLessThan(long!.bytes * 0.8)
    counted.bytes = 0
    const short = (await table.scan({ columns: ['f'] }).explain({ analyze: true })).readings
    expect(counted.bytes).toBe(short?.bytes)
  })
})

test('versions of keys are told apart as of a snapshot and now', () =>
  withTable(join(directory, 'versions'), { workers: 2, compaction: { strategy: 'none' } }, async (table) => {
    await fill(table, 0, rows)
    const snapshot = table.snapshot()
    await fill(table, 0, rows, 3, 1)
    await table.compact()
    expect(table.files().length).toBe(1)
    const whole: Asked = { columns: names, gte: 0, lt: rows, where: undefined }
    const matching: Asked = { ...whole, where: { f: { lt: 100 } } }
    const written = new Set<number>()
    for (let k = 0; k < rows; k += 10_000)
      for (let i = k; i < Math.min(k + 10_000, rows); i += 3) written.add(i)
    for (const asked of [whole, matching]) {
      const newest = expectedOf(asked, (k) => rowOf(k, written.has(k) ? 1 : 0))
      expectRows(await scanOf(table, asked).toArray(), newest)
      expectRows(
        await scanOf(table, asked, snapshot).toArray(),
        expectedOf(asked, (k) => rowOf(k)),
      )
    }
    snapshot.close()
  }))

test('a scan that is left, aborted or outlived lets go of its files, whatever workers still do', async () => {
  const path = join(directory, 'left')
  await withTable(path, { workers: 2 }, async (table, db) => {
    await fill(table, 0, rows)
    for (const rowsWanted of [1, 6000, 20_000]) {
      let count = 0
      for await (const chunk of table.scan().chunks()) {
        count += chunk.length
        if (count >= rowsWanted) break
      }
      const controller = new AbortController()
      const aborted = (async () => {
        let count = 0
        for await (const chunk of table.scan({ signal: controller.signal }).chunks()) {
          count += chunk.length
          if (count >= rowsWanted) controller.abort()
        }
      })()
      await expect(aborted).rejects.toMatchObject({ code: 'MARQUETRY_ABORTED' })
    }
    const folders = () => readdirSync(join(path, 't', 'sst'))
    const [before] = folders()
    const left = table.scan().chunks()
    for (let count = 0; count < 6000; ) count += (await left.next()).value?.length ?? rows
    await left.return?.()
    await fill(table, 0, rows, 1, 1)
    await table.compact()
    expect(await table.scan({ columns: ['k', 'n', 's', 'f', 'd'] }).toArray()).toHaveLength(rows)
    await expect.poll(folders).not.toContain(before)

    const outlived = table.scan().chunks()
    for (let count = 0; count < 6000; ) count += (await outlived.next()).value?.length ?? rows
    await db.close()
    const rest = async () => {
      for await (const _ of outlived);
    }
    await expect(rest()).rejects.toMatchObject({ code: 'MARQUETRY_CLOSED' })
  })
})

test('damage is the same error, whoever finds it', async () => {
  const path = join(directory, 'damaged')
  await withTable(path, { workers: 0 }, (table) => fill(table, 0, rows))
  const [folder] = readdirSync(join(path, 't', 'sst'))
  const file = join(path, 't', 'sst', folder!, 'data.parquet')
  const whole = readFileSync(file)
  const failureOf = async (workers: number) => {
    const error: unknown = await withTable(path, { workers }, (table) =>
      table.scan().toArray().then(() => undefined, (error: unknown) => error),
    ) // biome-ignore format: one expression
    if (!isMarquetryError(error)) throw error ?? new Error('nobody found the damage')
    const { code, file, offset, message } = error
    return { code, file, offset, message }
  }
  for (const share of [0.45, 0.6, 0.8, 0.9]) {
    const damaged = Buffer.from(whole)
    damaged[Math.floor(whole.length * share)]! ^= 0x10
    writeFileSync(file, damaged)
    const inline = await failureOf(0)
    expect(inline).toMatchObject({ code: 'MARQUETRY_CORRUPTION', file })
    expect(await failureOf(1)).toEqual(inline)
    expect(await failureOf(2)).toEqual(inline)
  }
})
