import { describe, expect, test } from 'vitest'
import { isMarquetryError } from '#src/errors.js'
import { FaultyFileSystem } from '#src/fs/faulty.js'
import { readWhole } from '#src/fs/file-system.js'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { AssertionError } from '#src/util/assert.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { Manifest } from '#src/version/manifest.js'
import { applyEdit, newTreeState } from '#src/version/state.js'
import { forSeeds, schema, table, Workload } from './support.js'

const directory = '/flights'
const empty = newTreeState({ id: 1, name: 'flights' }, schema)

async function newDisk(): Promise<{ memory: MemoryFileSystem; fs: FaultyFileSystem }> {
  const memory = new MemoryFileSystem()
  await memory.makeDirectory(directory)
  await memory.syncDirectory('/')
  return { memory, fs: new FaultyFileSystem(memory) }
}

const writing = { readOnly: false }
const codeOf = (code: string) => expect.objectContaining({ code })

async function overwrite(fs: MemoryFileSystem, name: string, position: number, bytes: number[]): Promise<void> {
  const file = await fs.open(`${directory}/${name}`, 'write')
  await file.write(new Uint8Array(bytes), position)
  await file.sync()
  await file.close()
}

test('what was appended is there at the next opening', async () => {
  await forSeeds(10, async (random) => {
    const { fs } = await newDisk()
    const workload = new Workload(random)
    let manifest = await Manifest.create(fs, directory, workload.state)
    for (let i = 0; i < 30; i++) {
      await manifest.append(workload.step())
      if (random() < 0.8) continue
      const position = manifest.position()
      await manifest.close()
      const loaded = await Manifest.load(fs, directory, writing)
      manifest = loaded.manifest
      expect(loaded.state).toEqual(workload.state)
      expect(manifest.position()).toEqual(position)
      if (random() < 0.5) await manifest.rewrite(loaded.state)
    }
    const { state } = await Manifest.load(fs, directory, { readOnly: true })
    expect(state).toEqual(workload.state)
    await manifest.close()
  })
})

test('appends that overlap are written in the order of the calls', async () => {
  const { fs } = await newDisk()
  const workload = new Workload(seededRandom(1))
  const manifest = await Manifest.create(fs, directory, workload.state)
  await Promise.all(Array.from({ length: 20 }, () => manifest.append(workload.step())))
  await manifest.close()
  expect((await Manifest.load(fs, directory, writing)).state).toEqual(workload.state)
})

test('an append is one write and one sync', async () => {
  const { fs } = await newDisk()
  const manifest = await Manifest.create(fs, directory, empty)
  const before = fs.log.length
  await manifest.append({ lastSeq: 9 })
  const path = `${directory}/MANIFEST-000001`
  expect(fs.log.slice(before)).toEqual([`write ${path}`, `sync ${path}`])
})

describe('rewriting', () => {
  test('a new manifest takes the place of the old one, and further edits go there', async () => {
    const { memory, fs } = await newDisk()
    const manifest = await Manifest.create(fs, directory, empty)
    await manifest.append({ lastSeq: 9 })
    const old = manifest.position()
    await manifest.rewrite(applyEdit(empty, { lastSeq: 9 }))
    expect(await memory.list(directory)).toEqual(['MANIFEST-000002'])
    expect(manifest.holds(old)).toBe(true)
    expect(manifest.holds({ ...old, number: 3 })).toBe(false)
    const rewritten = manifest.position()
    await manifest.append({ lastSeq: 11 })
    expect(manifest.holds(rewritten)).toBe(true)
    expect((await Manifest.load(memory.crash(), directory, writing)).state.lastSeq).toBe(11)
  })

  test('is due after 1,000 frames, and after 1 MiB of edits', async () => {
    const { memory } = await newDisk()
    let manifest = await Manifest.create(memory, directory, empty)
    for (let i = 0; i < 999; i++) await manifest.append({ lastSeq: i })
    expect(manifest.rewriteDue).toBe(false)
    await manifest.append({ lastSeq: 1000 })
    expect(manifest.rewriteDue).toBe(true)
    await manifest.rewrite(empty)
    expect(manifest.rewriteDue).toBe(false)
    const addTables = Array.from({ length: 4500 }, (_, i) => table(i + 1, i, i))
    await manifest.append({ addTables, run: { id: 1, level: 0 }, nextNumber: 5000 })
    expect(manifest.position().bytes).toBeGreaterThan(1024 * 1024)
    expect(manifest.rewriteDue).toBe(true)
    await manifest.close()
    const loaded = await Manifest.load(memory, directory, writing)
    manifest = loaded.manifest
    expect(manifest.rewriteDue).toBe(true)
    await manifest.rewrite(loaded.state)
    // The state itself is larger than 1 MiB now, and stays.
    expect(manifest.rewriteDue).toBe(false)
  })

  test('is refused while an append is in flight', async () => {
    const { fs } = await newDisk()
    const manifest = await Manifest.create(fs, directory, empty)
    const appended = manifest.append({ lastSeq: 1 })
    await expect(manifest.rewrite(empty)).rejects.toThrow(AssertionError)
    await appended
  })

  test('a torn tail is left out, and rewritten before anything is appended', async () => {
    const { memory } = await newDisk()
    const before = await Manifest.create(memory, directory, empty)
    await before.append({ lastSeq: 9 })
    await before.close()
    await overwrite(memory, 'MANIFEST-000001', before.position().bytes, [50, 0, 0, 0, 1, 2, 3, 4, 0x7b])
    const { manifest, state } = await Manifest.load(memory, directory, writing)
    expect(state.lastSeq).toBe(9)
    expect(manifest.rewriteDue).toBe(true)
    await expect(manifest.append({ lastSeq: 10 })).rejects.toThrow(AssertionError)
    await manifest.rewrite(state)
    await manifest.append({ lastSeq: 10 })
    expect((await Manifest.load(memory, directory, writing)).state.lastSeq).toBe(10)
  })

  test('a manifest that was cut does not hold the position a log recorded', async () => {
    const { memory } = await newDisk()
    const before = await Manifest.create(memory, directory, empty)
    const first = before.position()
    await before.append({ lastSeq: 9 })
    const recorded = before.position()
    await before.close()
    for (const bytes of [first.bytes, recorded.bytes - 1]) {
      const damaged = memory.crash({ unsynced: 'kept' })
      const file = await damaged.open(`${directory}/MANIFEST-000001`, 'write')
      await file.truncate(bytes)
      const { manifest } = await Manifest.load(damaged, directory, writing)
      expect(manifest.holds(first)).toBe(true)
      expect(manifest.holds(recorded)).toBe(false)
    }
  })
})

describe('failures', () => {
  for (const operation of ['write', 'sync'] as const) {
    test(`after a failed ${operation} nothing is written or synced any more`, async () => {
      const { memory, fs } = await newDisk()
      const manifest = await Manifest.create(fs, directory, empty)
      await manifest.append({ lastSeq: 1 })
      const position = manifest.position()
      fs.failAt({ operation, nth: 1, code: 'EIO', partial: true })
      const results = await Promise.allSettled([
        manifest.append({ lastSeq: 2 }),
        manifest.append({ lastSeq: 3 }),
      ])
      const before = fs.log.length
      const [first, second] = results as PromiseRejectedResult[]
      expect(first!.reason).toEqual(codeOf('MARQUETRY_IO'))
      expect(second!.reason).toMatchObject({ code: 'MARQUETRY_READ_ONLY', cause: first!.reason })
      await expect(manifest.append({ lastSeq: 4 })).rejects.toMatchObject({ code: 'MARQUETRY_READ_ONLY' })
      await expect(manifest.rewrite(empty)).rejects.toMatchObject({ code: 'MARQUETRY_READ_ONLY' })
      expect(fs.log.slice(before)).toEqual([])
      expect(manifest.position()).toEqual(position)
      await manifest.close()
      const { state } = await Manifest.load(memory.crash(), directory, writing)
      expect(state.lastSeq).toBe(1)
    })
  }

  test('a failure at any operation of a rewriting leaves the state, and poisons unless the old one is still in use', async () => {
    for (let nth = 1; ; nth++) {
      const { memory, fs } = await newDisk()
      const manifest = await Manifest.create(fs, directory, empty)
      await manifest.append({ lastSeq: 7 })
      const state = applyEdit(empty, { lastSeq: 7 })
      const fault = fs.failAt({ nth, code: 'ENOSPC' })
      const start = fs.log.length
      const failure = await manifest.rewrite(state).then(
        () => undefined,
        (error: unknown) => error,
      )
      if (fault.failed === 0) {
        expect(nth).toBeGreaterThan(6)
        break
      }
      fs.heal()
      const steps = fs.log.slice(start).join()
      // What a failed attempt left does not stand in the way of the next.
      if (!steps.includes('rename')) await manifest.rewrite(state)
      const appended = await manifest.append({ lastSeq: 8 }).then(
        () => 'written',
        (error: unknown) => (isMarquetryError(error) ? error.code : error),
      )
      // Before the rename, the old manifest is untouched; after the directory's sync the new one is in place.
      const unclear = failure !== undefined && steps.includes('rename')
      expect(appended, steps).toBe(unclear ? 'MARQUETRY_READ_ONLY' : 'written')
      const wanted = unclear ? 7 : 8
      for (const unsynced of ['lost', 'kept'] as const) {
        const loaded = await Manifest.load(memory.crash({ unsynced }), directory, writing)
        expect(loaded.state.lastSeq, `${steps}, ${unsynced}`).toBe(wanted)
      }
    }
  })

  test('after close appends reject, and those before are written', async () => {
    const { memory, fs } = await newDisk()
    const manifest = await Manifest.create(fs, directory, empty)
    const appended = manifest.append({ lastSeq: 5 })
    await manifest.close()
    await appended
    await manifest.close()
    await expect(manifest.append({ lastSeq: 6 })).rejects.toMatchObject({ code: 'MARQUETRY_CLOSED' })
    expect((await Manifest.load(memory, directory, writing)).state.lastSeq).toBe(5)
  })
})

describe('opening', () => {
  test('read only: nothing is changed, and nothing can be', async () => {
    const { memory, fs } = await newDisk()
    await (await Manifest.create(fs, directory, empty)).close()
    await (await memory.open(`${directory}/MANIFEST-000002.tmp`, 'create')).close()
    const before = memory.operations
    const { manifest } = await Manifest.load(fs, directory, { readOnly: true })
    expect(memory.operations).toBe(before)
    await expect(manifest.append({ lastSeq: 1 })).rejects.toMatchObject({ code: 'MARQUETRY_READ_ONLY' })
    await manifest.close()
  })

  test('read only, beside a writer who replaces the manifest between listing and opening', async () => {
    const { memory, fs } = await newDisk()
    const manifest = await Manifest.create(memory, directory, empty)
    const open = fs.open.bind(fs)
    let raced = 0
    fs.open = async (path, mode) => {
      if (raced++ < 3) await manifest.rewrite(applyEdit(empty, { lastSeq: raced }))
      return open(path, mode)
    }
    const { state } = await Manifest.load(fs, directory, { readOnly: true })
    expect(state.lastSeq).toBe(3)
  })

  test('a listed manifest that cannot be opened is an error, not a loop', async () => {
    const { memory, fs } = await newDisk()
    await (await Manifest.create(memory, directory, empty)).close()
    fs.failAt({ operation: 'open', nth: 1, code: 'EMFILE', forever: true })
    await expect(Manifest.load(fs, directory, { readOnly: true })).rejects.toMatchObject({
      code: 'MARQUETRY_IO',
    })
  })

  test('leftovers are removed by a writer; what is not a manifest is left alone', async () => {
    const { memory } = await newDisk()
    const manifest = await Manifest.create(memory, directory, empty)
    const first = await readWhole(memory, `${directory}/MANIFEST-000001`)
    await manifest.rewrite(applyEdit(empty, { lastSeq: 4 }))
    await manifest.close()
    const names = [
      'MANIFEST-000001',
      'MANIFEST-000003.tmp',
      'MANIFEST',
      '000003.wal',
      'notes.tmp',
      'MANIFEST-1.tmp',
    ]
    for (const name of names) {
      const file = await memory.open(`${directory}/${name}`, 'create')
      await file.write(first, 0)
      await file.close()
    }
    const { state } = await Manifest.load(memory, directory, writing)
    expect(state.lastSeq).toBe(4)
    expect(await memory.list(directory)).toEqual(
      ['000003.wal', 'MANIFEST', 'MANIFEST-000002', 'MANIFEST-1.tmp', 'notes.tmp'].sort(),
    )
  })

  test('a damaged newest manifest is corruption, although an older one is there', async () => {
    const { memory } = await newDisk()
    const manifest = await Manifest.create(memory, directory, empty)
    const first = await readWhole(memory, `${directory}/MANIFEST-000001`)
    await manifest.rewrite(empty)
    await manifest.close()
    const file = await memory.open(`${directory}/MANIFEST-000001`, 'create')
    await file.write(first, 0)
    await overwrite(memory, 'MANIFEST-000002', 40, [0])
    const corrupt = { code: 'MARQUETRY_CORRUPTION', file: `${directory}/MANIFEST-000002` }
    await expect(Manifest.load(memory, directory, writing)).rejects.toMatchObject(corrupt)
    expect(await memory.list(directory)).toEqual(['MANIFEST-000001', 'MANIFEST-000002'])
  })

  test('no manifest, one under a wrong name, one whose edits contradict each other: corruption', async () => {
    const corrupt = { code: 'MARQUETRY_CORRUPTION' }
    const { memory } = await newDisk()
    for (const options of [writing, { readOnly: true }]) {
      await expect(Manifest.load(memory, directory, options)).rejects.toMatchObject(corrupt)
    }
    const manifest = await Manifest.create(memory, directory, empty)
    const offset = manifest.position().bytes
    await manifest.append({ removeLogs: [4] })
    await manifest.close()
    await expect(Manifest.load(memory, directory, writing)).rejects.toMatchObject({ ...corrupt, offset })
    await memory.rename(`${directory}/MANIFEST-000001`, `${directory}/MANIFEST-000009`)
    await expect(Manifest.load(memory, directory, writing)).rejects.toMatchObject({ ...corrupt, offset: 8 })
  })

  test('a second create is refused', async () => {
    const { memory } = await newDisk()
    await (await Manifest.create(memory, directory, empty)).close()
    await expect(Manifest.create(memory, directory, empty)).rejects.toThrow(AssertionError)
  })
})
