import { enhancedSkiplist } from '#src/memtable/enhanced-skiplist.js'
import { repContract } from './rep-contract.js'

repContract('enhanced-skiplist', enhancedSkiplist)
