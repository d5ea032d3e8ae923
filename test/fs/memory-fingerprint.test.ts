// Disks of the same fingerprint must be alike to all who go on with them; snapshots must have nothing to do with each other.

import { describe, expect, test } from 'vitest'
import { MemoryFileSystem } from '#src/fs/memory.js'

async function diskWith(...names: readonly string[]): Promise<MemoryFileSystem> {
  const fs = new MemoryFileSystem()
  for (const name of names) await write(fs, name, `content of ${name}`)
  return fs
}

async function write(fs: MemoryFileSystem, name: string, text: string, synced = true): Promise<void> {
  const isThere = (await fs.stat(name)) !== undefined
  const file = fs.openSync(name, isThere ? 'write' : 'create')
  file.writeSync(Buffer.from(text), 0)
  if (synced) await file.sync()
  file.closeSync()
  if (synced) await fs.syncDirectory('')
}

function textOf(fs: MemoryFileSystem, name: string): string {
  const file = fs.openSync(name, 'read')
  const bytes = Buffer.alloc(file.sizeSync())
  file.readSync(bytes, 0)
  return bytes.toString()
}

describe('the fingerprint of a disk', () => {
  test('is that of its snapshot, and of another disk that came to the same in another order', async () => {
    const fs = await diskWith('a', 'b')
    expect(fs.snapshot().fingerprint()).toBe(fs.fingerprint())
    expect((await diskWith('b', 'a')).fingerprint()).toBe(fs.fingerprint())
  })

  test('tells apart what is seen', async () => {
    const fs = await diskWith('a')
    const prints = new Set([fs.fingerprint(), (await diskWith('b')).fingerprint()])
    await write(fs, 'a', 'Content')
    expect(prints.has(fs.fingerprint())).toBe(false)
    expect(prints.size).toBe(2)
  })

  test('tells apart what only looks the same, and is durable here and not there', async () => {
    const [some, other] = [await diskWith('a'), await diskWith('a')]
    await write(some, 'a', 'Content', false)
    await write(other, 'a', 'Content', true)
    expect(textOf(some, 'a')).toBe(textOf(other, 'a'))
    expect(some.fingerprint()).not.toBe(other.fingerprint())
  })

  test('tells apart directories that were synced from those that were not', async () => {
    const [some, other] = [await diskWith('a'), await diskWith('a')]
    for (const fs of [some, other]) await fs.rename('a', 'b')
    await other.syncDirectory('')
    expect(some.fingerprint()).not.toBe(other.fingerprint())
    await some.syncDirectory('')
    expect(some.fingerprint()).toBe(other.fingerprint())
  })

  test('leaves out the content of what is ignored, not that it is there', async () => {
    const isIgnored = (name: string) => name === 'LOCK'
    const fs = await diskWith('a')
    const without = fs.fingerprint(isIgnored)
    await write(fs, 'LOCK', '1', false)
    const one = fs.fingerprint(isIgnored)
    await write(fs, 'LOCK', '2', false)
    expect(fs.fingerprint(isIgnored)).toBe(one)
    expect(without).not.toBe(one)
  })
})

test('a disk and its snapshots change apart from each other', async () => {
  const fs = await diskWith('a')
  const snapshot = fs.snapshot()
  const print = fs.fingerprint()
  await write(fs, 'a', 'CONTENT')
  expect(textOf(snapshot, 'a')).toBe('content of a')
  expect(snapshot.fingerprint()).toBe(print)
  await write(snapshot, 'a', 'co')
  await (await snapshot.open('a', 'write')).truncate(3)
  expect(textOf(fs, 'a')).toBe('CONTENT of a')
  expect(textOf(fs.crash(), 'a')).toBe('CONTENT of a')
  expect(textOf(snapshot, 'a')).toBe('con')
  expect(textOf(snapshot.crash(), 'a')).toBe('content of a')
})
