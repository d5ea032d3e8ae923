// The sidecars of one SSTable as files: read whole; one that is missing or damaged is counted, and replaced once its
// owner has rebuilt it.
//
// 1. A bad sidecar is never an error of a read: everything in it can be made again out of the data.
// 2. It is replaced by a rename of a file that was synced. If the process dies meanwhile, the bad one is still there, or
//    the new one is; a `.tmp` that is left over is removed by the next repair.
// 3. One that a newer marquetry wrote is never replaced.

import { isMarquetryError } from '../errors.js'
import { sstableFiles } from '../format/file-names.js'
import { type FileSystem, writeWhole } from '../fs/file-system.js'
import { systemCode } from '../fs/io-error.js'
import type { Reading } from '../fs/reading.js'
import type { ReaderHost } from './reader-host.js'
import type { SidecarName } from './sidecar.js'

/** Why a sidecar could not be used. */
export type SidecarFault = 'missing' | 'damaged' | 'newer'

export class SidecarFiles {
  readonly #fs: FileSystem
  readonly #folder: string
  readonly #host: ReaderHost
  readonly #faults = new Map<SidecarName, SidecarFault>()
  readonly #rebuilt = new Set<SidecarName>()

  constructor(fs: FileSystem, folder: string, host: ReaderHost) {
    this.#fs = fs
    this.#folder = folder
    this.#host = host
  }

  /**
   * What `decode` makes of the sidecar, or why there is nothing. `decode` throws MARQUETRY_CORRUPTION or
   * MARQUETRY_UNSUPPORTED_FORMAT. Throws MARQUETRY_IO if the system refuses to read a file that is there.
   */
  *read<T extends object>(
    name: SidecarName,
    decode: (path: string, bytes: Uint8Array) => T,
  ): Reading<T | SidecarFault> {
    const path = `${this.#folder}/${sstableFiles[name]}`
    try {
      const file = this.#fs.openSync(path, 'read')
      try {
        return decode(path, yield { file, from: 0, to: file.sizeSync() })
      } finally {
        file.closeSync()
      }
    } catch (error) {
      const fault = faultOf(error)
      if (fault === undefined) throw error
      // A table without filters misses none.
      if (name !== 'filter' || fault !== 'missing' || this.#host.filter !== false) this.#note(name, fault)
      return fault
    }
  }

  /** Counts a sidecar that was rebuilt, and has it written in the background if that may be. */
  rebuilt(name: SidecarName, encode: () => Uint8Array): void {
    if (this.#rebuilt.has(name)) return // had to make room in memory, and came back
    this.#rebuilt.add(name)
    this.#host.sidecars[name].rebuilt++
    if (this.#faults.get(name) === 'newer' || !this.#host.mayWrite()) return
    this.#host.repairs?.add(() => this.#write(name, encode()))
  }

  #note(name: SidecarName, fault: SidecarFault): void {
    if (this.#faults.has(name)) return
    this.#faults.set(name, fault)
    this.#host.sidecars[name][fault]++
  }

  async #write(name: SidecarName, bytes: Uint8Array): Promise<void> {
    if (!this.#host.mayWrite()) return
    const path = `${this.#folder}/${sstableFiles[name]}`
    const temporary = `${path}.tmp`
    await this.#fs.remove(temporary)
    try {
      await writeWhole(this.#fs, temporary, bytes)
      await this.#fs.rename(temporary, path)
    } catch (error) {
      await this.#fs.remove(temporary).catch(() => {})
      throw error
    }
    await this.#fs.syncDirectory(this.#folder)
    this.#host.sidecars[name].written++
  }
}

function faultOf(error: unknown): SidecarFault | undefined {
  if (isMarquetryError(error, 'MARQUETRY_CORRUPTION')) return 'damaged'
  if (isMarquetryError(error, 'MARQUETRY_UNSUPPORTED_FORMAT')) return 'newer'
  return isMarquetryError(error, 'MARQUETRY_IO') && systemCode(error) === 'ENOENT' ? 'missing' : undefined
}
