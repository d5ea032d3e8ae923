// Names that mean something to JavaScript, to C or to a file system mean nothing to the engine: columns are called as their
// schema says, and tables cannot leave the database's directory.

import { open, t } from 'marquetry'
import { expect, test } from 'vitest'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { directory, expectError, rejected } from './support.js'

const columnNames = [
  '__proto__', 'constructor', 'toString', 'hasOwnProperty', '', ' ', 'a\0b', '\0', 'a.b', '"', "'; drop table x", 'ÿ', '\u{1f600}',
  'x'.repeat(65_535),
] // biome-ignore format: a list

/** `row[name]` would call a setter for some of them. */
const valueIn = (row: object | undefined, name: string) =>
  row && Object.getOwnPropertyDescriptor(row, name)?.value

test.each(columnNames.map((name) => [JSON.stringify(name).slice(0, 20), name]))(
  'a column may be called %s',
  async (_, name) => {
    const fs = new MemoryFileSystem()
    const columns = [
      ['id', t.int32()],
      [name, t.utf8().nullable()],
    ] as const
    let db = await open(directory, { fileSystem: fs, workers: 0, flushOnClose: false })
    let table = await db.table('odd', { columns, key: ['id'] })
    const row = (id: number) => {
      const made = { id }
      const property = { value: `row ${id}`, enumerable: true, configurable: true, writable: true }
      return Object.defineProperty(made, name, property)
    }
    await table.put(row(1) as never)
    await table.flush()
    await table.put(row(2) as never)
    await db.close()
    db = await open(directory, { fileSystem: fs, workers: 0 })
    table = (await db.table('odd')) as unknown as typeof table
    for (const id of [1, 2]) {
      for (const found of [table.getSync(id), await table.get(id)]) {
        expect(valueIn(found, name)).toBe(`row ${id}`)
        expect(Object.keys(found ?? {})).toEqual(['id', name])
        expect(Object.getPrototypeOf(found)).toBe(Object.prototype)
      }
      const where = Object.defineProperty({}, name, { value: { eq: `row ${id}` }, enumerable: true })
      expect((await table.scan({ where }).toArray()).map((one) => one.id)).toEqual([id])
    }
    expect((await table.scan().toArrow()).schema.fields.map((field) => field.name)).toEqual(['id', name])
    expect(({} as Record<string, unknown>)['value']).toBeUndefined()
    await db.close()
  },
)

test('a column name may be too long, or none that UTF-8 can write', async () => {
  const db = await open(directory, { fileSystem: new MemoryFileSystem(), workers: 0 })
  for (const name of ['x'.repeat(65_536), '\ud800']) {
    const columns = [
      ['id', t.int32()],
      [name, t.utf8()],
    ] as const
    expectError(await rejected(() => db.table('odd', { columns, key: ['id'] })), {
      code: 'MARQUETRY_INVALID_OPTION',
      says: 'column name',
    })
  }
  await db.close()
})

test.each([
  '../x', '..', '.', '/x', 'a/b', 'a\\b', 'C:\\x', 'x\0', '', 'LOCK', 'lock', 'FORMAT', 'CATALOG', 'CATALOG.tmp', '.dropped-1',
  '-rf', 'é', 'a'.repeat(129),
])('a table cannot be called %j', async (name) => {
  const fs = new MemoryFileSystem()
  const db = await open(directory, { fileSystem: fs, workers: 0 })
  const before = [await fs.list('/'), await fs.list(directory)]
  const refused = await rejected(() => db.table(name, { columns: { id: t.int32() }, key: ['id'] }))
  expectError(refused, { code: 'MARQUETRY_INVALID_OPTION', option: 'name' })
  expect([await fs.list('/'), await fs.list(directory)]).toEqual(before)
  await db.close()
}) // biome-ignore format: a list
