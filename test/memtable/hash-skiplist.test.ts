import { hashSkiplist } from '#src/memtable/hash-skiplist.js'
import { hashMarks } from './hash-marks.js'
import { repContract } from './rep-contract.js'

repContract('hash-skiplist', hashSkiplist)
hashMarks(hashSkiplist, 4)
