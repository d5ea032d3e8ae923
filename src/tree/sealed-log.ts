import type { Memtable } from '../memtable/memtable.js'

/** An immutable memtable: its log is sealed and it waits for its flush. */
export interface SealedLog {
  readonly memtable: Memtable
  readonly number: number
  readonly path: string
  readonly bytes: number
  readonly digest: number
}
