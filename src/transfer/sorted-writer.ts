// Rows in key order into a table as SSTables, past log and memtable: all of them at the end, or none.

import { throwIfAborted } from '../errors.js'
import type { Batch } from '../format/batch.js'
import type { LsmTree } from '../tree/lsm-tree.js'
import type { SortedLoad } from '../tree/sorted-load.js'
import { takeTurn, turnIsDue } from '../util/turn.js'
import { invalidInput } from './import-task.js'
import type { ImportedRows, RowSink } from './row-sink.js'
import { SortedRows } from './sorted-rows.js'

/** Rows that are checked, and copied, before the event loop may turn. */
const pieceRows = 16_384

export class SortedWriter implements RowSink {
  readonly #load: SortedLoad
  readonly #sorted: SortedRows
  readonly #name: string
  readonly #signal: AbortSignal | undefined

  private constructor(load: SortedLoad, sorted: SortedRows, name: string, signal: AbortSignal | undefined) {
    this.#load = load
    this.#sorted = sorted
    this.#name = name
    this.#signal = signal
  }

  /** Waits for its turn in the tree. `name` is that of the input, for messages. Close it. */
  static async begin(tree: LsmTree, name: string, signal: AbortSignal | undefined): Promise<SortedWriter> {
    return new SortedWriter(await tree.load(signal), new SortedRows(tree.schema), name, signal)
  }

  async write({ vectors, rows, placeOf }: ImportedRows, report: (rows: number) => void): Promise<void> {
    const refuse = (row: number): never => {
      throw invalidInput(
        this.#name,
        'its key is below that of the row before; `sorted` takes rows in key order',
        placeOf(row),
      )
    }
    for (let from = 0; from < rows; ) {
      throwIfAborted(this.#signal)
      const to = Math.min(from + pieceRows, rows)
      await this.#append(this.#sorted.take(vectors, from, to, refuse))
      if (turnIsDue()) await takeTurn()
      report(to)
      from = to
    }
  }

  async finish(): Promise<void> {
    await this.#append(this.#sorted.finish())
    throwIfAborted(this.#signal)
    await this.#load.commit()
  }

  /** What was not committed is gone. */
  async close(): Promise<void> {
    await this.#load.close()
  }

  async #append(batch: Batch | undefined): Promise<void> {
    if (batch !== undefined) await this.#load.append({ columns: batch.columns, rows: batch.rows })
  }
}
