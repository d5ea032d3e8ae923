import { skiplist } from '#src/memtable/skiplist.js'
import { repContract } from './rep-contract.js'

repContract('skiplist', skiplist)
