import { hashLinkedList } from '#src/memtable/hash-linked-list.js'
import { hashMarks } from './hash-marks.js'
import { repContract } from './rep-contract.js'

repContract('hash-linked-list', hashLinkedList)
hashMarks(hashLinkedList, 1)
