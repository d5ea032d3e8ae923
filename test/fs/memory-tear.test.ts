// What each kind of torn crash leaves of a MemoryFileSystem.

import { expect, test } from 'vitest'
import { MemoryFileSystem } from '#src/fs/memory.js'
import type { TornData } from '#src/fs/memory-file.js'
import type { Tear } from '#src/fs/memory-tree.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { contentsOf, put } from './helpers.js'

/** All that crashes of this kind leave, as JSON, sorted. */
async function outcomes(fs: MemoryFileSystem, tear: Omit<Tear, 'random'>): Promise<readonly string[]> {
  const all = new Set<string>()
  for (let seed = 0; seed < 300; seed++) {
    const left = fs.crash({ unsynced: 'torn', random: seededRandom(seed), ...tear })
    all.add(JSON.stringify(await contentsOf(left, '/')))
  }
  return [...all].sort()
}

const sector = (letter: string) => letter.repeat(512)

/** A file of two durable sectors, then overwritten in its second and longer by two and a half. */
async function overwritten(): Promise<MemoryFileSystem> {
  const fs = new MemoryFileSystem()
  await put(fs, '/file', sector('a') + sector('b'))
  await fs.syncDirectory('/')
  const file = await fs.open('/file', 'write')
  await file.write(Buffer.from(sector('B') + sector('C') + sector('D') + 'E'.repeat(256)), 512)
  return fs
}

/** What is left of that file: a letter per sector, `0` for zeros, `?` for garbage, small letters for half a sector. */
async function sectorsLeft(data: TornData): Promise<readonly string[]> {
  const all = new Set<string>()
  const fs = await overwritten()
  for (let seed = 0; seed < 300; seed++) {
    const left = fs.crash({ unsynced: 'torn', random: seededRandom(seed), data })
    const file = await left.open('/file', 'read')
    const bytes = Buffer.alloc(await file.size())
    await file.read(bytes, 0)
    let text = ''
    for (let at = 0; at < bytes.length; at += 512) {
      const part = new Set(bytes.subarray(at, at + 512).toString('latin1'))
      const [first] = part
      text += part.size > 1 ? '?' : first === '\0' ? '0' : first
    }
    all.add(text)
  }
  return [...all].sort()
}

test.each<[TornData, readonly string[]]>([
  ['lost', ['ab']],
  ['kept', ['aBCDE']],
  ['length lost', ['aB']],
])('%s: the one outcome', async (data, outcome) => {
  expect(await sectorsLeft(data)).toEqual(outcome)
})

test('sectors: each is kept or not, what is missing is zeros, garbage or, at the end, not there', async () => {
  const left = await sectorsLeft('sectors')
  expect(left).toEqual(
    expect.arrayContaining(['ab', 'aB', 'aB0D', 'abC', 'ab0D', 'aB?D', 'abCDE', 'aBCDE', 'ab???']),
  )
  for (const text of left) expect(text).toMatch(/^a[bB]([C0?]([D0?][E0?]?)?)?$/)
})

test('zeros, garbage: the length without all of the data', async () => {
  for (const text of await sectorsLeft('zeros')) expect(text).toMatch(/^a[bB?][C0?][D0?][E0?]$/)
  for (const text of await sectorsLeft('garbage')) expect(text).toMatch(/^a[bB?][C?][D?][E?]$/)
  for (const text of await sectorsLeft('cut')) expect(text).toMatch(/^a[bB?]?C?D?E?$/)
})

test('changes of directories can be kept, or lost, apart from the data', async () => {
  const fs = new MemoryFileSystem()
  await put(fs, '/a', 'x')
  await (await fs.open('/b', 'create')).write(Buffer.from('y'), 0)
  expect(await outcomes(fs, { entries: 'lost', data: 'kept' })).toEqual(['{}'])
  expect(await outcomes(fs, { entries: 'kept', data: 'kept' })).toEqual(['{"/a":"x","/b":"y"}'])
  expect(await outcomes(fs, { entries: 'kept', data: 'lost' })).toEqual(['{"/a":"x","/b":""}'])
})

test('without a journal a renamed file may have its old name, its new one, both or neither; a directory has one', async () => {
  const fs = new MemoryFileSystem()
  await put(fs, '/old', 'x')
  await fs.makeDirectory('/from')
  await fs.syncDirectory('/')
  await fs.rename('/old', '/new')
  await fs.rename('/from', '/to')
  const names = (text: string) => Object.keys(JSON.parse(text)).join(' ')
  const halved = (await outcomes(fs, { renames: 'halved' })).map(names)
  expect(halved.sort()).toEqual(
    ['', '/new', '/new /old', '/old']
      .flatMap((files) =>
        ['/from', '/to'].map((to) =>
          `${to === '/from' ? '/from ' : ''}${files}${to === '/to' ? ' /to' : ''}`.trim(),
        ),
      )
      .sort(),
  )
  expect((await outcomes(fs, {})).map(names).sort()).toEqual([
    '/from /new',
    '/from /old',
    '/new /to',
    '/old /to',
  ])
})

test('a listener hears of every operation that counts, before its caller does', async () => {
  const fs = new MemoryFileSystem()
  const heard: string[] = []
  fs.onOperation = (operation, path) => heard.push(`${fs.operations} ${operation} ${path}`)
  await put(fs, '/a', 'x')
  await fs.list('/')
  await expect(fs.rename('/none', '/b')).rejects.toThrow()
  await fs.remove('/a')
  expect(heard).toEqual(['1 create /a', '2 write /a', '3 sync /a', '4 remove /a'])
})
