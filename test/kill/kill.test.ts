// Writers that are killed with SIGKILL at random moments, again and again in the same directory, under each preset. After
// each kill every acknowledged batch is there, no half batch, nothing that was never sent: in every log mode the system
// has the bytes before a write resolves, so what a process leaves behind does not depend on it.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type CompactionOptions,
  isMarquetryError,
  type OpenOptions,
  open,
  type Preset,
  type Table,
} from 'marquetry'
import { expect, test } from 'vitest'
import { seededRandom } from '#src/util/seeded-random.js'
import { type State, TableOracle } from './oracle.js'
import { type Message, startProcess } from './processes.js'

const killsPerDirectory = 10
const roundsForEver = 1_000_000

type Random = () => number
const whole = (random: Random, most: number) => Math.floor(random() * most)
const oneOf = <T>(random: Random, ...choices: readonly T[]): T => choices[whole(random, choices.length)] as T

/** Merges are frequent under each of them. */
const compactions: readonly CompactionOptions[] = [
  { strategy: 'leveled', level0RunsMax: 1, levelRatio: 2 },
  { strategy: 'size-tiered', runsMin: 2 },
  { strategy: 'unified', scaling: ['N', 'L4'] },
]

/**
 * The preset decides about memtable, log and how many memtables may wait; these are small, so that rotations, flushes
 * and merges are frequent; everything else is random.
 */
function drawOptions(preset: Preset, random: Random): OpenOptions {
  return {
    preset,
    workers: oneOf(random, 1, 2),
    memtableRows: 20 + whole(random, 120),
    memtableBytes: oneOf(random, 8192, 65_536, 1 << 20),
    flushWorkers: 1 + whole(random, 3),
    compression: oneOf(random, 'uncompressed', 'snappy', 'lz4_raw', 'zstd'),
    rowGroupRows: oneOf(random, 16, 50, 131_072),
    pageBytes: oneOf(random, 1024, 8192),
    sparseIndexInterval: oneOf(random, 1, 7, 256),
    compaction: { ...oneOf(random, ...compactions), targetFileBytes: 4096, flushBytes: 4096 },
  }
}

/** When to kill: at this event, for acknowledgements at the n-th, and then after some milliseconds. */
interface Moment {
  readonly event: 'opening' | 'acked' | 'closing'
  readonly nth: number
  readonly delayMs: number
}

function drawMoment(random: Random): Moment {
  const event = oneOf(random, 'opening', 'closing', ...Array(8).fill('acked'))
  const delayMs = event === 'opening' ? 20 + whole(random, 150) : whole(random, 25)
  return { event, nth: event === 'acked' ? 1 + whole(random, 120) : 1, delayMs }
}

async function stateOf(table: Table): Promise<State> {
  const state = new Map<string, string>()
  for await (const { group, key, stamp, note } of table.scan()) state.set(`${group} ${key}`, `${stamp} ${note}`)
  return state
}

/** The holder of the lock is named to whoever asks while it lives. */
async function checkLocked(directory: string, pid: number | undefined): Promise<void> {
  const error: unknown = await open(directory, { workers: 1 }).catch((refusal: unknown) => refusal)
  expect(isMarquetryError(error, 'MARQUETRY_LOCKED'), String(error)).toBe(true)
  expect(error).toMatchObject({ pid, message: expect.stringContaining(`process ${pid}`) })
}

class Directory {
  readonly path = mkdtempSync(join(tmpdir(), 'marquetry-kill-'))
  readonly #preset: Preset
  readonly #random: Random
  readonly #oracles = { left: new TableOracle(), right: new TableOracle() }
  #nextStamp = 1
  kills = 0
  sstables = 0

  constructor(preset: Preset, seed: number) {
    this.#preset = preset
    this.#random = seededRandom(seed)
  }

  get acknowledged(): number {
    return this.#oracles.left.acknowledged + this.#oracles.right.acknowledged
  }

  /** Starts a writer, kills it, checks what it has left. */
  async round(name: string): Promise<void> {
    const options = drawOptions(this.#preset, this.#random)
    const moment = drawMoment(this.#random)
    const roundsMax = moment.event === 'closing' ? 10 + whole(this.#random, 20) : roundsForEver
    const seed = whole(this.#random, 2 ** 31)
    const what = `${name}, ${JSON.stringify(moment)}, writer's seed ${seed}, ${JSON.stringify(options)}`
    const { child, messages, ended } = startProcess('writer.mjs', {
      directory: this.path, options, seed, firstStamp: this.#nextStamp, roundsMax,
    }) // biome-ignore format: a list
    let met = 0
    let lockSeen: Promise<void> | undefined
    for await (const message of messages) {
      this.#hear(message)
      if (moment.event in message && ++met === moment.nth)
        setTimeout(() => child.kill('SIGKILL'), moment.delayMs)
      if (message.opened && moment.event === 'acked' && moment.nth > 20) {
        child.kill('SIGSTOP')
        lockSeen = checkLocked(this.path, child.pid).finally(() => child.kill('SIGCONT'))
        lockSeen.catch(() => {})
      }
    }
    await lockSeen
    const { code, signal } = await ended
    expect(
      signal === 'SIGKILL' || (moment.event === 'closing' && code === 0),
      `${what}: exit ${code} ${signal}`,
    ).toBe(true)
    if (signal === 'SIGKILL') this.kills++
    await this.#check(what)
  }

  #hear(message: Message): void {
    if (message.sent !== undefined) this.#nextStamp = message.sent + 1
    if (message.table === 'left' || message.table === 'right') this.#oracles[message.table].hear(message)
  }

  async #check(what: string): Promise<void> {
    const flushOnClose = this.#random() < 0.5
    const db = await open(this.path, { preset: this.#preset, workers: 1, flushOnClose }).catch(
      (error: unknown) => {
        throw new Error(`${what}: does not open`, { cause: error })
      },
    )
    try {
      this.sstables = 0
      for (const name of ['left', 'right'] as const) {
        const table = db.tables().includes(name) ? await db.table(name) : undefined
        const found: State = table === undefined ? new Map() : await stateOf(table)
        const wrong = this.#oracles[name].settle(found)
        if (wrong !== undefined) throw new Error(`${what}: table ${name}: ${wrong}`)
        this.sstables += table?.stats().sstables ?? 0
      }
    } finally {
      await db.close()
    }
  }
}

const seeds: { readonly [P in Preset]: number } = {
  balanced: 11,
  'high-performance': 12,
  'memory-efficient': 13,
}

for (const [preset, seed] of Object.entries(seeds) as [Preset, number][]) {
  test(`killed ${killsPerDirectory} times, a writer's acknowledged batches are there whole (${preset})`, async () => {
    const directory = new Directory(preset, seed)
    try {
      for (let round = 1; directory.kills < killsPerDirectory; round++) {
        await directory.round(`${preset}, seed ${seed}, round ${round}`)
      }
      const { kills, acknowledged, sstables } = directory
      console.log(`${preset}: ${kills} kills, ${acknowledged} batches acknowledged, ${sstables} SSTables`)
      expect(acknowledged).toBeGreaterThan(100)
      expect(sstables).toBeGreaterThan(0)
    } finally {
      rmSync(directory.path, { recursive: true, force: true })
    }
  })
}
