// Writes as Level hands them over: operations, one record of the log for all of them.

import { AbstractChainedBatch } from 'abstract-level'
import type { LsmTree } from '../tree/lsm-tree.js'
import { bytesOf, copyOf, type Data } from './entry.js'
import { levelError } from './level-error.js'

/** A put or a deletion, encoded. */
export interface Operation {
  readonly type: 'put' | 'del'
  readonly key: Data
  readonly value?: Data
}

/** LevelDB's option for a write: resolves only when the write is on the disk. Marquetry's mode `sync` does that always. */
export interface WriteOptions {
  readonly sync?: boolean | undefined
}

/** Writes all operations or none, in their order. Encodes them before it returns. */
export async function write(
  tree: LsmTree,
  operations: readonly Operation[],
  options?: WriteOptions,
): Promise<void> {
  try {
    await tree.write((memtable, firstSeq) => {
      for (let i = 0; i < operations.length; i++) {
        const { type, key, value } = operations[i]!
        if (type === 'del') memtable.addDelete(bytesOf(key), firstSeq + i)
        else memtable.addPut({ key: bytesOf(key), value: bytesOf(value as Data) }, firstSeq + i)
      }
      return operations.length
    })
    if (options?.sync) await tree.sync()
  } catch (error) {
    throw levelError(error)
  }
}

/** A chained batch. Its data is its own, as in LevelDB's: a caller may use one buffer for all keys. */
export class LevelChainedBatch<TDatabase, K, V> extends AbstractChainedBatch<TDatabase, K, V> {
  readonly #commit: (operations: readonly Operation[], options: WriteOptions) => Promise<void>
  #operations: Operation[] = []

  constructor(
    db: TDatabase,
    commit: (operations: readonly Operation[], options: WriteOptions) => Promise<void>,
  ) {
    super(db)
    this.#commit = commit
  }

  override write(options?: WriteOptions): Promise<void> {
    return super.write(options as object)
  }

  protected _put(key: Data, value: Data): void {
    this.#operations.push({ type: 'put', key: copyOf(key), value: copyOf(value) })
  }

  protected _del(key: Data): void {
    this.#operations.push({ type: 'del', key: copyOf(key) })
  }

  protected _clear(): void {
    this.#operations = []
  }

  protected _write(options: WriteOptions): Promise<void> {
    return this.#commit(this.#operations, options)
  }
}
