// Pieces of a scan that workers read while its caller is busy with the ones before.
//
// 1. A worker opens the file itself and checks what it reads, as this thread would; memory changes hands uncopied.
// 2. Nobody has to wait for a piece: one that is no longer wanted ends by itself, and its failure is nobody's.
// 3. Files stay where they are until the last piece is over: see `whenIdle`.

import { isBrokenTask, runInPool } from '../compaction/pool.js'
import type { Schema } from '../format/schema.js'
import type { SSTableMeta } from '../format/sstable-meta.js'
import type { Piece, PieceAnswer, PieceTask } from './piece.js'

const module = new URL('./piece-worker.js', import.meta.url)

/** A piece under way. */
export interface PieceAhead {
  isOver(): boolean
  /** Resolves when `answer` may be called. Never rejects. */
  readonly over: Promise<void>
  /** What the worker answered; undefined: it broke down, somebody else has to read the piece. Throws what it met. */
  answer(): PieceAnswer | undefined
}

type Track = (read: Promise<void>) => unknown

/** The pieces of one scan. */
export class ReadAhead {
  readonly #threads: number
  readonly #schema: Schema
  readonly #folderOf: (number: number) => string
  readonly #track: Track
  #underWay = 0
  #waiting: (() => void)[] = []

  /** `threads`: those of the pool. `track`: keeps files open until a read is over. */
  constructor(threads: number, schema: Schema, folderOf: (number: number) => string, track: Track) {
    this.#track = track
    this.#threads = threads
    this.#schema = schema
    this.#folderOf = folderOf
  }

  /** Whether a thread of the pool is likely to be free. */
  get hasRoom(): boolean {
    return this.#underWay < this.#threads
  }

  /** Has a piece read. Requires: the table's version stays pinned until all is idle. */
  read({ keySample: _, ...meta }: SSTableMeta, piece: Piece): PieceAhead {
    const task: PieceTask = { folder: this.#folderOf(meta.number), meta, schema: this.#schema.toJSON(), piece }
    let answered: () => PieceAnswer | undefined = () => undefined
    let isOver = false
    this.#underWay++
    const over = runInPool<PieceAnswer>(task, { pool: 'reads', threads: this.#threads, module })
      .then(
        (answer) => {
          answered = () => answer
        },
        (error: unknown) => {
          if (isBrokenTask(error)) return
          answered = () => {
            throw error
          }
        },
      )
      .then(() => {
        isOver = true
        this.#ended()
      })
    this.#track(over)
    return { over, isOver: () => isOver, answer: () => answered() }
  }

  /** Calls back when no piece is under way: at once if none is. */
  whenIdle(then: () => void): void {
    if (this.#underWay === 0) then()
    else this.#waiting.push(then)
  }

  #ended(): void {
    if (--this.#underWay > 0) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const then of waiting) then()
  }
}
