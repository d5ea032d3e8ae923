// Records that cannot become rows: they end the import, or go to a file that the caller has named, a JSON object a line:
//
//   {"line":17,"column":"delay","error":"\"x\" is not an integer from …","record":"2001-01-01,ATL,x"}
//
// The file is written as the import goes on and synced at its end; it is made with the first bad record.

import type { FileHandle, FileSystem } from '../fs/file-system.js'
import { type InputPlace, invalidInput } from './import-task.js'

/** Takes note of bad records, or ends the import with the first of them. */
export interface BadRecords {
  /** Records that were refused. */
  readonly count: number
  /** Throws MARQUETRY_INVALID_INPUT if bad records are not wanted. `record`: its text or its values. */
  add(place: InputPlace, what: string, record: unknown): void
  /** Writes what was added. */
  flush(): Promise<void>
  /** The same, for good. */
  close(): Promise<void>
}

/** Ends the import with the first bad record. */
export function strict(name: string): BadRecords {
  return {
    count: 0,
    add(place, what) {
      throw invalidInput(name, what, place)
    },
    flush: async () => {},
    close: async () => {},
  }
}

/** Writes bad records to the file at `path`, replacing what stands there. */
export class RejectsFile implements BadRecords {
  readonly #fs: FileSystem
  readonly #path: string
  #file: FileHandle | undefined
  #bytes = 0
  #lines: string[] = []
  #count = 0

  constructor(fs: FileSystem, path: string) {
    this.#fs = fs
    this.#path = path
  }

  get count(): number {
    return this.#count
  }

  add({ line, row, column }: InputPlace, error: string, record: unknown): void {
    this.#count++
    this.#lines.push(`${JSON.stringify({ line, row, column, error, record }, jsonValue)}\n`)
  }

  async flush(): Promise<void> {
    if (this.#lines.length === 0) return
    if (this.#file === undefined) {
      await this.#fs.remove(this.#path)
      this.#file = await this.#fs.open(this.#path, 'create-shared')
    }
    const bytes = Buffer.from(this.#lines.splice(0).join(''))
    await this.#file.write(bytes, this.#bytes)
    this.#bytes += bytes.length
  }

  async close(): Promise<void> {
    try {
      await this.flush()
      await this.#file?.sync()
    } finally {
      await this.#file?.close()
    }
  }
}

/** Values that JSON does not have, as text. */
function jsonValue(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
