// What a crash may leave of a MemoryFileSystem.

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FileSystem } from '#src/fs/file-system.js'
import { type CrashOptions, MemoryFileSystem } from '#src/fs/memory.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { bytesOf, contentsOf, put } from './helpers.js'

const seeds = Array.from({ length: 300 }, (_, seed) => seed)

/** What the crash leaves, as JSON, so that sets of outcomes can be compared. */
async function left(fs: MemoryFileSystem, options?: CrashOptions): Promise<string> {
  return JSON.stringify(await contentsOf(fs.crash(options), '/'))
}

async function outcomes(fs: MemoryFileSystem): Promise<readonly string[]> {
  const all = new Set<string>()
  for (const seed of seeds) all.add(await left(fs, { unsynced: 'torn', random: seededRandom(seed) }))
  return [...all].sort()
}

const json = (...contents: readonly Record<string, string | null>[]) =>
  contents.map((content) => JSON.stringify(content)).sort()

async function append(fs: FileSystem, path: string, text: string, sync: boolean): Promise<void> {
  const file = await fs.open(path, 'write')
  await file.write(bytesOf(text), await file.size())
  if (sync) await file.sync()
  await file.close()
}

/** A file system that holds these files, durably. */
async function durable(files: Record<string, string | null>): Promise<MemoryFileSystem> {
  const fs = new MemoryFileSystem()
  for (const [path, text] of Object.entries(files)) {
    if (text === null) await fs.makeDirectory(path)
    else await put(fs, path, text)
  }
  await fs.syncDirectory('/')
  for (const [path, text] of Object.entries(files)) if (text === null) await fs.syncDirectory(path)
  expect(await left(fs)).toBe(JSON.stringify(files))
  return fs
}

describe('a power cut', () => {
  test('a file needs its data and its name synced', async () => {
    const fs = new MemoryFileSystem()
    await put(fs, '/synced', 'data')
    await fs.open('/empty', 'create')
    await append(fs, '/empty', 'never synced', false)
    await fs.syncDirectory('/')
    await put(fs, '/nameless', 'data')
    expect(await left(fs)).toBe(JSON.stringify({ '/empty': '', '/synced': 'data' }))
  })

  test('what was appended, overwritten or cut off since the last sync is undone', async () => {
    const fs = await durable({ '/a': 'one', '/b': 'two', '/c': 'three' })
    await append(fs, '/a', ' more', false)
    const b = await fs.open('/b', 'write')
    await b.write(bytesOf('T'), 0)
    const c = await fs.open('/c', 'write')
    await c.truncate(1)
    expect(await left(fs)).toBe(JSON.stringify({ '/a': 'one', '/b': 'two', '/c': 'three' }))
    await b.sync()
    await c.sync()
    await append(fs, '/a', ' again', true)
    expect(await left(fs)).toBe(JSON.stringify({ '/a': 'one more again', '/b': 'Two', '/c': 't' }))
  })

  test('a rename, a removal and a link need the directory synced', async () => {
    const fs = await durable({ '/a': 'a', '/b': 'b', '/c': 'c' })
    await fs.rename('/a', '/b')
    await fs.remove('/c')
    await fs.link('/b', '/d')
    expect(await left(fs)).toBe(JSON.stringify({ '/a': 'a', '/b': 'b', '/c': 'c' }))
    await fs.syncDirectory('/')
    expect(await left(fs)).toBe(JSON.stringify({ '/b': 'a', '/d': 'a' }))
  })

  test('a rename between directories is whole once either is synced', async () => {
    for (const synced of ['/tmp', '/sst']) {
      const fs = await durable({ '/sst': null, '/tmp': null })
      await fs.makeDirectory('/tmp/9')
      await put(fs, '/tmp/9/data', 'rows')
      await fs.syncDirectory('/tmp/9')
      await fs.rename('/tmp/9', '/sst/9')
      expect(await left(fs)).toBe(JSON.stringify({ '/sst': null, '/tmp': null }))
      await fs.syncDirectory(synced)
      expect(await left(fs)).toBe(
        JSON.stringify({ '/sst': null, '/sst/9': null, '/sst/9/data': 'rows', '/tmp': null }),
      )
    }
  })

  test('syncing a directory syncs neither what is in its files nor what is in its directories', async () => {
    const fs = new MemoryFileSystem()
    await fs.makeDirectory('/d')
    await put(fs, '/d/file', 'x')
    await fs.syncDirectory('/')
    expect(await left(fs)).toBe(JSON.stringify({ '/d': null }))
  })

  test('syncing one directory does not bring back what has since left the other', async () => {
    const fs = await durable({ '/d': null, '/e': null })
    await put(fs, '/e/file', 'x')
    await fs.rename('/e/file', '/d/file')
    await fs.syncDirectory('/d')
    await fs.syncDirectory('/e')
    expect(await left(fs)).toBe(JSON.stringify({ '/d': null, '/d/file': 'x', '/e': null }))
  })

  test('a file that is open and removed loses its name only when the directory is synced', async () => {
    const fs = await durable({ '/file': 'x' })
    const file = await fs.open('/file', 'write')
    await fs.remove('/file')
    await file.write(bytesOf('y'), 0)
    await file.sync()
    expect(await left(fs)).toBe(JSON.stringify({ '/file': 'y' }))
    await fs.syncDirectory('/')
    expect(await left(fs)).toBe('{}')
  })

  test('what survived is durable: the next crash leaves it', async () => {
    const fs = await durable({ '/file': 'x' })
    expect(await left(fs.crash())).toBe(JSON.stringify({ '/file': 'x' }))
  })

  test('the survivor and the original do not share anything', async () => {
    const fs = await durable({ '/file': 'x' })
    const survivor = fs.crash()
    await append(survivor, '/file', 'y', true)
    await append(fs, '/file', 'z', true)
    expect([await left(survivor), await left(fs)]).toEqual(json({ '/file': 'xy' }, { '/file': 'xz' }))
  })

  test('links to a file are links to one file afterwards too', async () => {
    const fs = await durable({ '/a': 'x' })
    await fs.link('/a', '/b')
    await fs.syncDirectory('/')
    const survivor = fs.crash()
    await append(survivor, '/a', 'y', true)
    expect(await contentsOf(survivor, '/')).toEqual({ '/a': 'xy', '/b': 'xy' })
  })
})

describe('the death of the process alone', () => {
  test('everything is kept, but no more durable than before', async () => {
    const fs = await durable({ '/a': 'a' })
    await append(fs, '/a', '+', false)
    await put(fs, '/b', 'b')
    const survivor = fs.crash({ unsynced: 'kept' })
    expect(await contentsOf(survivor, '/')).toEqual({ '/a': 'a+', '/b': 'b' })
    expect(await left(survivor)).toBe(JSON.stringify({ '/a': 'a' }))
    await append(survivor, '/a', '', true)
    await survivor.syncDirectory('/')
    expect(await left(survivor)).toBe(JSON.stringify({ '/a': 'a+', '/b': 'b' }))
    expect(await left(fs)).toBe(JSON.stringify({ '/a': 'a' }))
  })
})

describe('a torn crash', () => {
  test('keeps a prefix of what was appended, cut anywhere, then nothing, zeros or garbage', async () => {
    const fs = await durable({ '/log': 'sync' })
    await append(fs, '/log', '1234', false)
    const tails = new Set<string>()
    for (const seed of seeds) {
      const survivor = fs.crash({ unsynced: 'torn', random: seededRandom(seed) })
      const bytes = new Uint8Array(99)
      const file = await survivor.open('/log', 'read')
      const text = Buffer.from(bytes.subarray(0, file.readSync(bytes, 0))).toString('latin1')
      const [, kept = '', tail = ''] = /^sync(1234|123|12|1|)(.*)$/s.exec(text) ?? []
      expect(text.startsWith('sync'), `seed ${seed}`).toBe(true)
      expect([0, 4 - kept.length], `seed ${seed}`).toContain(tail.length)
      tails.add(`${kept}|${/^\0+$/.test(tail) ? 'zeros' : tail === '' ? 'nothing' : 'garbage'}`)
    }
    const cuts = ['', '1', '12', '123']
    const expected = cuts.flatMap((cut) => [`${cut}|nothing`, `${cut}|zeros`, `${cut}|garbage`])
    expect([...tails].sort()).toEqual([...expected, '1234|nothing'].sort())
  })

  test('keeps old bytes where an overwriting did not get', async () => {
    const fs = await durable({ '/file': 'abcd' })
    const file = await fs.open('/file', 'write')
    await file.write(bytesOf('XY'), 1)
    expect(await outcomes(fs)).toEqual(json({ '/file': 'abcd' }, { '/file': 'aXcd' }, { '/file': 'aXYd' }))
  })

  test('keeps a truncation or not', async () => {
    const fs = await durable({ '/file': 'abcd' })
    await (await fs.open('/file', 'write')).truncate(1)
    expect(await outcomes(fs)).toEqual(json({ '/file': 'a' }, { '/file': 'abcd' }))
  })

  test('keeps each change of a directory or not, a rename wholly or not at all', async () => {
    const fs = await durable({ '/a': 'new', '/b': 'old', '/c': 'c' })
    await fs.rename('/a', '/b')
    await fs.remove('/c')
    expect(await outcomes(fs)).toEqual(
      json(
        { '/a': 'new', '/b': 'old', '/c': 'c' },
        { '/a': 'new', '/b': 'old' },
        { '/b': 'new', '/c': 'c' },
        { '/b': 'new' },
      ),
    )
  })

  test('keeps no change without those of the same name before it', async () => {
    const fs = await durable({ '/a': 'x' })
    await fs.rename('/a', '/b')
    await fs.rename('/b', '/c')
    expect(await outcomes(fs)).toEqual(json({ '/a': 'x' }, { '/b': 'x' }, { '/c': 'x' }))
  })

  test('keeps the removal of a directory only if what was to leave it has left', async () => {
    const fs = await durable({ '/d': null, '/d/file': 'x' })
    await fs.rename('/d/file', '/file')
    await fs.remove('/d')
    expect(await outcomes(fs)).toEqual(
      json({ '/d': null, '/d/file': 'x' }, { '/d': null, '/file': 'x' }, { '/file': 'x' }),
    )
  })

  test('may leave part of a directory that was being removed', async () => {
    const fs = await durable({ '/d': null, '/d/1': 'a', '/d/2': 'b' })
    await fs.remove('/d')
    const all = await outcomes(fs)
    expect(all).toHaveLength(5)
    expect(all).toEqual(expect.arrayContaining(json({ '/d': null, '/d/2': 'b' }, { '/d': null }, {})))
  })

  test('is the same for the same random numbers', async () => {
    const fs = await durable({ '/a': 'x' })
    for (const name of ['b', 'c', 'd']) await put(fs, `/${name}`, name.repeat(9))
    const once = await left(fs, { unsynced: 'torn', random: seededRandom(11) })
    expect(await left(fs, { unsynced: 'torn', random: seededRandom(11) })).toBe(once)
  })
})

describe('any history', () => {
  const name = fc.constantFrom('/a', '/b', '/d/a', '/d/e/b')
  const step = fc.oneof(
    fc.record({ kind: fc.constant('write'), path: name, at: fc.nat(20), text: fc.string({ maxLength: 20 }) }),
    fc.record({ kind: fc.constant('truncate'), path: name, to: fc.nat(30) }),
    fc.record({ kind: fc.constant('remove'), path: fc.oneof(name, fc.constant('/d')) }),
    fc.record({ kind: fc.constant('rename'), path: name, to: name }),
    fc.record({ kind: fc.constant('link'), path: name, to: name }),
    fc.record({ kind: fc.constant('sync'), path: name }),
    fc.record({ kind: fc.constant('syncDirectory'), path: fc.constantFrom('/', '/d', '/d/e') }),
  )
  type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

  /** Makes the directories again where a step needs them; what cannot be done is passed over. */
  async function perform(fs: MemoryFileSystem, step: Step): Promise<void> {
    if ('text' in step || 'to' in step) for (const path of ['/d', '/d/e']) await fs.makeDirectory(path)
    try {
      if ('text' in step) {
        if ((await fs.stat(step.path)) === undefined) fs.openSync(step.path, 'create').closeSync()
        await (await fs.open(step.path, 'write')).write(bytesOf(step.text), step.at)
      } else if (step.kind === 'truncate' && 'to' in step && typeof step.to === 'number') {
        await (await fs.open(step.path, 'write')).truncate(step.to)
      } else if ('to' in step && typeof step.to === 'string') {
        await (step.kind === 'link' ? fs.link(step.path, step.to) : fs.rename(step.path, step.to))
      } else if (step.kind === 'remove') {
        await fs.remove(step.path)
      } else if (step.kind === 'sync') {
        await (await fs.open(step.path, 'write')).sync()
      } else {
        await fs.syncDirectory(step.path)
      }
    } catch {}
  }

  async function syncAll(fs: MemoryFileSystem): Promise<void> {
    await fs.syncDirectory('/')
    for (const [path, text] of Object.entries(await contentsOf(fs, '/'))) {
      if (text === null) await fs.syncDirectory(path)
      else await (await fs.open(path, 'write')).sync()
    }
  }

  test('a power cut after all was synced leaves all of it, whatever came before', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.nat(), async (steps, seed) => {
        const fs = new MemoryFileSystem()
        for (const step of steps) await perform(fs, step)
        const seen = JSON.stringify(await contentsOf(fs, '/'))
        expect(await left(fs, { unsynced: 'kept' })).toBe(seen)
        await syncAll(fs)
        expect(await left(fs, { unsynced: 'lost' })).toBe(seen)
        expect(await left(fs, { unsynced: 'torn', random: seededRandom(seed) })).toBe(seen)
      }),
      { numRuns: 300 },
    )
  })

  test('what was synced and not touched since survives every crash', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 20 }),
        fc.array(step, { maxLength: 20 }),
        fc.nat(),
        async (before, after, seed) => {
          const fs = new MemoryFileSystem()
          await fs.makeDirectory('/safe')
          for (const step of before) await perform(fs, step)
          await put(fs, '/safe/file', 'safe')
          await syncAll(fs)
          for (const step of after) await perform(fs, step)
          for (const options of [
            { unsynced: 'lost' },
            { unsynced: 'torn', random: seededRandom(seed) },
          ] as const) {
            const contents = await contentsOf(fs.crash(options), '/')
            expect(contents['/safe/file']).toBe('safe')
          }
        },
      ),
      { numRuns: 100 },
    )
  })

  test('renames lose no file and double none, whatever was synced between them', async () => {
    const target = fc.record({ file: fc.nat(2), directory: fc.constantFrom('', '/d', '/e') })
    const synced = fc.record({ sync: fc.constantFrom('/', '/d', '/e') })
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(target, synced), { maxLength: 12 }), fc.nat(), async (steps, seed) => {
        const fs = await durable({ '/0': 'zero', '/1': 'one', '/2': 'two', '/d': null, '/e': null })
        const places = ['/0', '/1', '/2']
        for (const [i, step] of steps.entries()) {
          if ('sync' in step) {
            await fs.syncDirectory(step.sync)
            continue
          }
          // Names are reused, so that changes rest on earlier ones.
          const to = `${step.directory}/${i % 4}`
          if ((await fs.stat(to)) !== undefined) continue
          await fs.rename(places[step.file] ?? '', to)
          places[step.file] = to
        }
        for (const options of [
          { unsynced: 'lost' },
          { unsynced: 'torn', random: seededRandom(seed) },
        ] as const) {
          const contents = Object.values(await contentsOf(fs.crash(options), '/'))
          expect(contents.filter((text) => text !== null).sort()).toEqual(['one', 'two', 'zero'])
        }
      }),
      { numRuns: 200 },
    )
  })

  test('a survivor of a torn crash is sound: it can be used, synced and crashed again', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 25 }),
        fc.array(step, { maxLength: 10 }),
        fc.nat(),
        async (before, after, seed) => {
          const fs = new MemoryFileSystem()
          for (const step of before) await perform(fs, step)
          const survivor = fs.crash({ unsynced: 'torn', random: seededRandom(seed) })
          expect(await left(survivor)).toBe(await left(survivor, { unsynced: 'kept' }))
          for (const step of after) await perform(survivor, step)
          await syncAll(survivor)
          expect(await left(survivor)).toBe(await left(survivor, { unsynced: 'kept' }))
        },
      ),
      { numRuns: 100 },
    )
  })
})
