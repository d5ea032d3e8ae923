// A directory in which writers are killed, round by round: each is started, killed at a drawn moment, and what it has left
// is compared with what it had said. The oracles live here, in the parent.

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
import { seededRandom } from '#src/util/seeded-random.js'
import { type State, TableOracle } from './oracle.js'
import { type Message, startProcess, type Trap } from './processes.js'

const roundsForEver = 1_000_000
/** How long the lock of a dead process may bar the next one. */
const lockPatienceMs = 1000

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
export function drawOptions(preset: Preset, random: Random): OpenOptions {
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

/** When to kill: at the n-th event of this kind, and then after some milliseconds; or where a trap of the writer's says. */
export interface Moment {
  readonly event: 'opening' | 'acked' | 'flushing' | 'merging' | 'closing' | 'trap'
  readonly nth: number
  readonly delayMs: number
  readonly trap?: Trap
}

/** While opening, while closing, or, mostly, after some acknowledgement. */
export function drawMoment(random: Random): Moment {
  const event = oneOf(random, 'opening', 'closing', ...Array<'acked'>(8).fill('acked'))
  const delayMs = event === 'opening' ? 20 + whole(random, 150) : whole(random, 25)
  return { event, nth: event === 'acked' ? 1 + whole(random, 120) : 1, delayMs }
}

/** What a directory's writers are like. */
export interface Draws {
  options(random: Random): OpenOptions
  moment(random: Random): Moment
}

async function stateOf(table: Table): Promise<State> {
  const state = new Map<string, string>()
  for await (const { group, key, stamp, note } of table.scan()) state.set(`${group} ${key}`, `${stamp} ${note}`)
  return state
}

/** The holder of the lock is named to whoever asks while it lives. */
async function checkLocked(directory: string, pid: number | undefined): Promise<void> {
  const error: unknown = await open(directory, { workers: 1 }).then(
    (db) => db.close().then(() => new Error('a second opener was let in')),
    (refusal: unknown) => refusal,
  )
  const names =
    isMarquetryError(error, 'MARQUETRY_LOCKED') && error.pid === pid && error.message.includes(`process ${pid}`)
  if (!names) throw new Error(`a second opener was told: ${error}`)
}

export class Directory {
  readonly path = mkdtempSync(join(tmpdir(), 'marquetry-kill-'))
  readonly #draws: Draws
  readonly #random: Random
  readonly #oracles = { left: new TableOracle(), right: new TableOracle() }
  #nextStamp = 1
  kills = 0
  /** Writers whose directory was refused to a second opener while they lived. */
  refused = 0
  sstables = 0

  constructor(draws: Draws, seed: number) {
    this.#draws = draws
    this.#random = seededRandom(seed)
  }

  get acknowledged(): number {
    return this.#oracles.left.acknowledged + this.#oracles.right.acknowledged
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }

  /** Starts a writer, kills it, checks what it has left. Throws what is wrong. Returns when it was killed, for counting. */
  async round(name: string): Promise<Moment> {
    const options = this.#draws.options(this.#random)
    const moment = this.#draws.moment(this.#random)
    const isLast = moment.event === 'closing' || moment.event === 'trap'
    const roundsMax = isLast ? 10 + whole(this.#random, 20) : roundsForEver
    const seed = whole(this.#random, 2 ** 31)
    const what = `${name}, ${JSON.stringify(moment)}, writer's seed ${seed}, ${JSON.stringify(options)}`
    const { child, messages, ended } = startProcess('writer.mjs', {
      directory: this.path, options, seed, firstStamp: this.#nextStamp, roundsMax,
      ...(moment.trap === undefined ? {} : { trap: moment.trap }),
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
        this.refused++
      }
    }
    await lockSeen
    const { code, signal } = await ended
    if (signal !== 'SIGKILL' && !(isLast && code === 0)) throw new Error(`${what}: exit ${code} ${signal}`)
    if (signal === 'SIGKILL') this.kills++
    await this.#check(what)
    return moment
  }

  #hear(message: Message): void {
    if (message.sent !== undefined) this.#nextStamp = message.sent + 1
    if (message.table === 'left' || message.table === 'right') this.#oracles[message.table].hear(message)
  }

  /** The lock of a dead process is free: at once, or before a second has passed. */
  async #open(options: OpenOptions) {
    for (const endedMs = performance.now(); ; ) {
      try {
        return await open(this.path, options)
      } catch (error) {
        const isLate = performance.now() - endedMs > lockPatienceMs
        if (isLate || !isMarquetryError(error, 'MARQUETRY_LOCKED')) throw error
      }
    }
  }

  async #check(what: string): Promise<void> {
    const { preset } = this.#draws.options(this.#random)
    const flushOnClose = this.#random() < 0.5
    const db = await this.#open({ preset, workers: 1, flushOnClose }).catch((error: unknown) => {
      throw new Error(`${what}: does not open: ${error}`, { cause: error })
    })
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
