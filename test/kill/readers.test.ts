// Readers beside a writer, each a process of its own. The reader in this process refreshes while a writer sends batches, and must show a
// prefix with all that was acknowledged before; a reader that is killed holds nothing back any more.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open, type Table, t } from 'marquetry'
import { expect, test } from 'vitest'
import { type State, TableOracle } from './oracle.js'
import { type Message, startProcess } from './processes.js'

async function stateOf(table: Table): Promise<State> {
  const state = new Map<string, string>()
  for await (const { group, key, stamp, note } of table.scan()) state.set(`${group} ${key}`, `${stamp} ${note}`)
  return state
}

test('a reader that refreshes beside a busy writer always shows a prefix with all that was acknowledged', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'marquetry-readers-'))
  const options = {
    workers: 1,
    memtableRows: 40,
    compaction: {
      strategy: 'leveled',
      level0RunsMax: 1,
      levelRatio: 2,
      targetFileBytes: 4096,
      flushBytes: 4096,
    },
  } as const
  const { child, messages, ended } = startProcess('writer.mjs', {
    directory, options, seed: 5, firstStamp: 1, roundsMax: 1_000_000,
  }) // biome-ignore format: a list
  const heard: Message[] = []
  let opened = () => {}
  const isOpen = new Promise<void>((resolve) => {
    opened = resolve
  })
  const listening = (async () => {
    for await (const message of messages) {
      heard.push(message)
      if (message.opened) opened()
    }
  })()
  try {
    await isOpen
    const readers = [await open(directory, { readOnly: true }), await open(directory, { readOnly: true })]
    let looks = 0
    const acknowledged = () => heard.filter(({ acked }) => acked !== undefined).length
    for (let round = 0; round < 25 || acknowledged() < 150; round++) {
      for (const db of readers) {
        const before = heard.length
        await db.refresh()
        const found = {
          left: await stateOf(await db.table('left')),
          right: await stateOf(await db.table('right')),
        }
        for (const name of ['left', 'right'] as const) {
          let wrong: string | undefined = ''
          const isExplained = await eventually(() => {
            wrong = difference(heard, before, name, found[name])
            return wrong === undefined
          })
          if (!isExplained) throw new Error(`round ${round}, table ${name}: ${wrong}`)
          looks++
        }
      }
    }
    console.log(`${looks} looks while ${acknowledged()} batches were acknowledged`)
    for (const db of readers) await db.close()
    expect(readdirSync(join(directory, 'readers'))).toEqual([])
  } finally {
    child.kill('SIGKILL')
    await ended
    await listening
    rmSync(directory, { recursive: true, force: true })
  }
})

/**
 * How a table differs from all prefixes with what had been acknowledged when the first `before` lines were heard. What was sent since may
 * be seen too, but its line may still be in the pipe.
 */
function difference(heard: readonly Message[], before: number, name: string, found: State): string | undefined {
  const oracle = new TableOracle()
  for (const [at, { acked, ...message }] of heard.entries()) {
    if (message.table === name)
      oracle.hear(at < before && acked !== undefined ? { ...message, acked } : message)
  }
  return oracle.settle(found)
}

/** Whether it comes true while lines go on coming in. */
async function eventually(holds: () => boolean): Promise<boolean> {
  for (let turn = 0; turn < 10_000; turn++) {
    if (holds()) return true
    await new Promise((resolve) => setImmediate(resolve))
  }
  return false
}

test('a reader that is killed holds nothing back any more', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'marquetry-readers-'))
  const db = await open(directory, { workers: 1 })
  try {
    const table = await db.table('guests', { columns: { id: t.int32(), text: t.utf8() }, key: ['id'] })
    await table.put({ id: 1, text: 'first' })
    await table.flush()
    const { child, messages, ended } = startProcess('reader.mjs', { directory })
    for await (const message of messages) {
      if (!message.opened) continue
      await table.put({ id: 1, text: 'second' })
      await table.compact()
      await table.compactionIdle()
      const [own] = table.files()
      const folders = readdirSync(join(directory, 'guests', 'sst'))
      expect(folders).toHaveLength(2)
      expect(own?.path ?? '').not.toBe('')
      expect(readdirSync(join(directory, 'readers'))).toHaveLength(1)
      child.kill('SIGKILL')
    }
    expect((await ended).signal).toBe('SIGKILL')
    expect(readdirSync(join(directory, 'readers'))).toHaveLength(1)
    await table.put({ id: 2, text: 'third' })
    await table.compact()
    await table.compactionIdle()
    expect(readdirSync(join(directory, 'readers'))).toEqual([])
    expect(readdirSync(join(directory, 'guests', 'sst'))).toHaveLength(1)
  } finally {
    await db.close()
    rmSync(directory, { recursive: true, force: true })
  }
})
