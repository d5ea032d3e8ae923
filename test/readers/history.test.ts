// A random history with readers that open, refresh and go at random moments. What a reader shows after a refresh is the result of the
// batches up to some one, at least of all that were acknowledged before the refresh; and it stays that until the next.

import { type Database, open, type Table, t } from 'marquetry'
import { expect, test } from 'vitest'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { testSeed } from '../test-seed.js'

const schema = { columns: { id: t.int32(), stamp: t.int32() }, key: ['id'] } as const
const keys = 24

type State = ReadonlyMap<number, number>

async function stateOf(table: Table): Promise<State> {
  const state = new Map<number, number>()
  for await (const { id, stamp } of table.scan()) state.set(id as number, stamp as number)
  return state
}

const isSame = (a: State, b: State) => a.size === b.size && [...a].every(([id, stamp]) => b.get(id) === stamp)

/** A reader and what it has shown since its last refresh. */
interface Reader {
  readonly db: Database
  readonly table: Table
  shown: State
}

class History {
  readonly #fs = new MemoryFileSystem()
  readonly #random: () => number
  /** What each batch, in order, has made of the table; at first nothing. */
  readonly #states: State[] = [new Map()]
  #acknowledged = 0
  #readers: Reader[] = []
  #writer!: Database
  #rows!: Table
  readonly done = { batches: 0, refreshes: 0, behind: 0, merges: 0 }

  constructor(seed: number) {
    this.#random = seededRandom(seed)
  }

  #whole(most: number): number {
    return Math.floor(this.#random() * most)
  }

  async #openWriter(): Promise<void> {
    this.#writer = await open('db', {
      fileSystem: this.#fs,
      workers: 0,
      memtableRows: 5 + this.#whole(20),
      compaction: { strategy: 'size-tiered', runsMin: 2, targetFileBytes: 4096 },
      flushOnClose: this.#random() < 0.5,
    })
    this.#rows = (await this.#writer.table('rows', schema)) as unknown as Table
    this.#writer.on('compaction', ({ phase }) => {
      if (phase === 'end') this.done.merges++
    })
  }

  #batch(): Promise<void> {
    const number = this.#states.length
    const state = new Map(this.#states.at(-1))
    const operations = Array.from({ length: 1 + this.#whole(6) }, () => {
      const id = this.#whole(keys)
      if (this.#random() < 0.2) {
        state.delete(id)
        return { type: 'delete', key: id } as const
      }
      state.set(id, number)
      return { type: 'put', row: { id, stamp: number } } as const
    })
    this.#states.push(state)
    this.done.batches++
    return this.#rows.batch(operations).then(() => {
      this.#acknowledged = Math.max(this.#acknowledged, number)
    })
  }

  async #look(reader: Reader, atLeast: number): Promise<void> {
    const shown = await stateOf(reader.table)
    const candidates = this.#states.slice(atLeast)
    expect(
      candidates.some((state) => isSame(state, shown)),
      `a prefix with the first ${atLeast} batches`,
    ).toBe(true)
    if (!isSame(shown, this.#states.at(-1) as State)) this.done.behind++
    reader.shown = shown
  }

  async #step(): Promise<void> {
    const choice = this.#random()
    const reader = this.#readers[this.#whole(this.#readers.length)]
    if (choice < 0.45) await this.#batch()
    else if (choice < 0.55) await Promise.all([this.#batch(), this.#batch(), this.#refresh(reader)])
    else if (choice < 0.6) await this.#rows.flush()
    else if (choice < 0.63) await Promise.all([this.#rows.compact(), this.#refresh(reader)])
    else if (choice < 0.75) await this.#refresh(reader)
    else if (choice < 0.85 && reader !== undefined) {
      expect(isSame(await stateOf(reader.table), reader.shown), 'a reader shows what it showed').toBe(true)
      const id = this.#whole(keys)
      expect(((await reader.table.get(id)) as { stamp: number } | undefined)?.stamp).toBe(reader.shown.get(id))
    } else if (choice < 0.92 && this.#readers.length < 4) {
      const atLeast = this.#acknowledged
      const db = await open('db', { fileSystem: this.#fs, workers: 0, readOnly: true })
      const opened: Reader = { db, table: await db.table('rows'), shown: new Map() }
      await this.#look(opened, atLeast)
      this.#readers.push(opened)
    } else if (choice < 0.95 && reader !== undefined) {
      this.#readers = this.#readers.filter((other) => other !== reader)
      await reader.db.close()
    } else if (choice < 0.97) {
      await this.#writer.close()
      await this.#openWriter()
    }
  }

  async #refresh(reader: Reader | undefined): Promise<void> {
    if (reader === undefined) return
    const atLeast = this.#acknowledged
    this.done.refreshes++
    await reader.db.refresh()
    await this.#look(reader, atLeast)
  }

  async run(steps: number): Promise<void> {
    await this.#openWriter()
    for (let i = 0; i < steps; i++) await this.#step()
    for (const { db } of this.#readers) await db.close()
    expect(await this.#fs.list('db/readers')).toEqual([])
    await this.#writer.close()
    // Nobody is left for whom anything would be kept.
    await this.#openWriter()
    await this.#rows.compact()
    await this.#rows.compactionIdle()
    expect(await this.#fs.list('db/rows/sst')).toHaveLength(this.#rows.files().length)
    await this.#writer.close()
  }
}

test('readers always show a prefix of the history that holds all that was acknowledged before their refresh', async () => {
  for (let seed = testSeed; seed < testSeed + 2; seed++) {
    const history = new History(seed)
    await history.run(220).catch((error: unknown) => {
      throw new Error(`seed ${seed}`, { cause: error })
    })
    console.log(`seed ${seed}: ${JSON.stringify(history.done)}`)
    expect(history.done.merges).toBeGreaterThan(0)
  }
})
