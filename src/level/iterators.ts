// Level's three kinds of iterators. All that they do is to turn the rows of a walk into entries, keys or values.

import {
  AbstractIterator,
  type AbstractIteratorOptions,
  AbstractKeyIterator,
  type AbstractSnapshot,
  AbstractValueIterator,
} from 'abstract-level'
import type { Batch } from '../format/batch.js'
import { takeTurn, turnIsDue } from '../util/turn.js'
import type { Data, Format } from './entry.js'
import type { EntryCursor } from './entry-cursor.js'
import type { LevelRange } from './key-range.js'
import { LevelError, levelError } from './level-error.js'

/** What abstract-level hands to `_iterator`, `_keys` and `_values`: bounds encoded, formats named. */
export interface IteratorOptions extends LevelRange {
  readonly reverse: boolean
  readonly keys?: boolean
  readonly values?: boolean
  readonly keyEncoding: Format
  readonly valueEncoding: Format
  readonly snapshot?: AbstractSnapshot
  readonly signal?: AbortSignal
}

/** The items of a walk: rows of a cursor's batches, read as they are asked for. */
export class Walk<T> {
  readonly #cursor: EntryCursor
  readonly #read: (batch: Batch, row: number) => T
  readonly #signal: AbortSignal | undefined
  #batch: Batch | undefined
  #row = 0
  #ended = false

  constructor(cursor: EntryCursor, read: (batch: Batch, row: number) => T, signal: AbortSignal | undefined) {
    this.#cursor = cursor
    this.#read = read
    this.#signal = signal
  }

  async next(): Promise<T | undefined> {
    const batch = this.#batch ?? (await this.#load())
    if (batch === undefined) return undefined
    const item = this.#read(batch, this.#row++)
    if (this.#row === batch.rows) this.#batch = undefined
    return item
  }

  /** As many items as there are, `count` at the most. */
  async take(count: number): Promise<T[]> {
    const items: T[] = []
    while (items.length < count) {
      const batch = this.#batch ?? (await this.#load())
      if (batch === undefined) break
      const to = Math.min(batch.rows, this.#row + count - items.length)
      for (let row = this.#row; row < to; row++) items.push(this.#read(batch, row))
      this.#row = to
      if (to === batch.rows) this.#batch = undefined
    }
    return items
  }

  seek(target: Data): void {
    this.#batch = undefined
    this.#ended = false
    try {
      this.#cursor.seek(target)
    } catch (error) {
      throw levelError(error)
    }
  }

  close(): void {
    this.#batch = undefined
    this.#ended = true
    this.#cursor.close()
  }

  async #load(): Promise<Batch | undefined> {
    try {
      while (!this.#ended) {
        if (turnIsDue()) await takeTurn()
        // Awaited also if it is there at once, so that whoever called has had the time to abort.
        const batch = await this.#cursor.next()
        if (this.#signal?.aborted) {
          throw new LevelError('LEVEL_ABORTED', 'The iterator was aborted', this.#signal.reason)
        }
        if (batch === undefined) this.#ended = true
        else if (batch.rows > 0) {
          this.#row = 0
          this.#batch = batch
          return batch
        }
      }
      return undefined
    } catch (error) {
      this.#ended = true
      throw levelError(error)
    }
  }
}

/** An entry before Level decodes it; without what the iterator was not asked for. */
export type EncodedEntry = [key: Data | undefined, value: Data | undefined]

export class EntryIterator<TDatabase, K, V> extends AbstractIterator<TDatabase, K, V> {
  readonly #walk: Walk<EncodedEntry>

  constructor(db: TDatabase, options: IteratorOptions, walk: Walk<EncodedEntry>) {
    super(db, options as AbstractIteratorOptions<unknown, unknown> as AbstractIteratorOptions<K, V>)
    this.#walk = walk
  }

  protected _next(): Promise<EncodedEntry | undefined> {
    return this.#walk.next()
  }

  protected _nextv(size: number): Promise<EncodedEntry[]> {
    return this.#walk.take(size)
  }

  protected _all(): Promise<EncodedEntry[]> {
    return this.#walk.take(this.limit - this.count)
  }

  protected _seek(target: Data): void {
    this.#walk.seek(target)
  }

  protected async _close(): Promise<void> {
    this.#walk.close()
  }
}

export class KeyIterator<TDatabase, K> extends AbstractKeyIterator<TDatabase, K> {
  readonly #walk: Walk<Data>

  constructor(db: TDatabase, options: IteratorOptions, walk: Walk<Data>) {
    super(db, options as AbstractIteratorOptions<unknown, unknown> as AbstractIteratorOptions<K, unknown>)
    this.#walk = walk
  }

  protected _next(): Promise<Data | undefined> {
    return this.#walk.next()
  }

  protected _nextv(size: number): Promise<Data[]> {
    return this.#walk.take(size)
  }

  protected _all(): Promise<Data[]> {
    return this.#walk.take(this.limit - this.count)
  }

  protected _seek(target: Data): void {
    this.#walk.seek(target)
  }

  protected async _close(): Promise<void> {
    this.#walk.close()
  }
}

export class ValueIterator<TDatabase, K, V> extends AbstractValueIterator<TDatabase, K, V> {
  readonly #walk: Walk<Data>

  constructor(db: TDatabase, options: IteratorOptions, walk: Walk<Data>) {
    super(db, options as AbstractIteratorOptions<unknown, unknown> as AbstractIteratorOptions<K, V>)
    this.#walk = walk
  }

  protected _next(): Promise<Data | undefined> {
    return this.#walk.next()
  }

  protected _nextv(size: number): Promise<Data[]> {
    return this.#walk.take(size)
  }

  protected _all(): Promise<Data[]> {
    return this.#walk.take(this.limit - this.count)
  }

  protected _seek(target: Data): void {
    this.#walk.seek(target)
  }

  protected async _close(): Promise<void> {
    this.#walk.close()
  }
}
