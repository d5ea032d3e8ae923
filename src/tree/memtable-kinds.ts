import { enhancedSkiplist } from '../memtable/enhanced-skiplist.js'
import { hashLinkedList } from '../memtable/hash-linked-list.js'
import { hashSkiplist } from '../memtable/hash-skiplist.js'
import { linkedList } from '../memtable/linked-list.js'
import type { MemtableRepFactory } from '../memtable/rep.js'
import { skiplist } from '../memtable/skiplist.js'
import { sorted } from '../memtable/sorted.js'
import { trie } from '../memtable/trie.js'
import { vector } from '../memtable/vector.js'
import type { MemtableKind } from '../options.js'

/** The index structures of memtables by their names in the options. */
export const memtableReps: { readonly [K in MemtableKind]: MemtableRepFactory } = {
  sorted,
  skiplist,
  trie,
  'linked-list': linkedList,
  'hash-linked-list': hashLinkedList,
  'enhanced-skiplist': enhancedSkiplist,
  'hash-skiplist': hashSkiplist,
  vector,
}
