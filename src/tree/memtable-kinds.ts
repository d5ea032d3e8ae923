import { enhancedSkiplist } from '../memtable/enhanced-skiplist.js'
import type { MemtableRepFactory } from '../memtable/rep.js'
import { sorted } from '../memtable/sorted.js'
import type { MemtableKind } from '../options.js'

/** The index structures of memtables by their names in the options. */
export const memtableReps: { readonly [K in MemtableKind]: MemtableRepFactory } = {
  sorted,
  'enhanced-skiplist': enhancedSkiplist,
}
