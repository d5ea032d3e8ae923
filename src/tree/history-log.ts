// HISTORY: a line of JSON per flush and merge, in the table's directory. The simulator replays it to answer what another
// strategy would have cost (`npm run simulate -- --replay`). Nothing else reads it: it is written without sync, a failure ends
// the recording and nothing else, a crash may tear the last line.

import { metaToJson, type SSTableMeta } from '../format/sstable-meta.js'
import type { FileSystem } from '../fs/file-system.js'
import { Serial } from '../util/serial.js'

/** At this size the file becomes HISTORY.old and a new one begins. */
const bytesMax = 4 << 20

const encoder = new TextEncoder()

/** What a merge did, as HISTORY has it. */
export interface MergeRecord {
  readonly ms: number
  readonly reason: string
  readonly bytesIn: number
  readonly bytesOut: number
  readonly rowsIn: number
  readonly rowsOut: number
}

export class HistoryLog {
  readonly #fs: FileSystem
  readonly #path: string
  readonly #writes = new Serial()
  /** Length of the file; undefined: not looked at yet. */
  #bytes: number | undefined
  #failed = false

  constructor(fs: FileSystem, directory: string) {
    this.#fs = fs
    this.#path = `${directory}/HISTORY`
  }

  /** Notes that a memtable became this SSTable. */
  flushed(ms: number, table: SSTableMeta): void {
    const { rows, keys, tombstones, bytes, minKey, maxKey, keySample } = metaToJson(table)
    this.#append({ kind: 'flush', ms, rows, keys, tombstones, bytes, minKey, maxKey, keySample })
  }

  merged(record: MergeRecord): void {
    this.#append({ kind: 'compaction', ...record })
  }

  async close(): Promise<void> {
    await this.#writes.run(async () => {
      this.#failed = true
    })
  }

  #append(record: object): void {
    const line = encoder.encode(`${JSON.stringify(record)}\n`)
    this.#writes
      .run(async () => {
        if (this.#failed) return
        await this.#write(line)
      })
      .catch(() => {
        this.#failed = true
      })
  }

  /** Opens the file for one line: a database that flushes now and then should not hold a descriptor for it. */
  async #write(line: Uint8Array): Promise<void> {
    let bytes = this.#bytes ?? (await this.#fs.stat(this.#path))?.bytes
    if (bytes !== undefined && bytes >= bytesMax) {
      await this.#fs.rename(this.#path, `${this.#path}.old`)
      bytes = undefined
    }
    const file = await this.#fs.open(this.#path, bytes === undefined ? 'create' : 'write')
    try {
      await file.write(line, bytes ?? 0)
    } finally {
      await file.close()
    }
    this.#bytes = (bytes ?? 0) + line.length
  }
}
