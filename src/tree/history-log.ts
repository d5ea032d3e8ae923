// HISTORY: a line of JSON per flush and merge, in the table's directory. The simulator replays it to answer what another
// strategy would have cost (`npm run simulate -- --replay`). Nothing else reads it: it is written without sync, a failure ends
// the recording and nothing else, a crash may tear the last line.

import { metaToJson, type SSTableMeta } from '../format/sstable-meta.js'
import type { FileHandle, FileSystem } from '../fs/file-system.js'
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
  #file: FileHandle | undefined
  #bytes = 0
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
      await this.#file?.close().catch(() => {})
    })
  }

  #append(record: object): void {
    const line = encoder.encode(`${JSON.stringify(record)}\n`)
    this.#writes
      .run(async () => {
        if (this.#failed) return
        const file = await this.#open()
        await file.write(line, this.#bytes)
        this.#bytes += line.length
      })
      .catch(() => {
        this.#failed = true
      })
  }

  async #open(): Promise<FileHandle> {
    if (this.#file !== undefined && this.#bytes < bytesMax) return this.#file
    await this.#file?.close()
    const stat = await this.#fs.stat(this.#path)
    if (stat !== undefined && stat.bytes >= bytesMax) await this.#fs.rename(this.#path, `${this.#path}.old`)
    const isThere = stat !== undefined && stat.bytes < bytesMax
    this.#file = await this.#fs.open(this.#path, isThere ? 'write' : 'create')
    this.#bytes = isThere ? stat.bytes : 0
    return this.#file
  }
}
