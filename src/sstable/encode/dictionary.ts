// The distinct values of a column, if they are few: what a dictionary page holds, and every value as a number in it.

import type { Dense } from './physical.js'

/** The fewest bytes that a value takes in a dictionary page. */
const valueBytesMin = 4
/** Dictionary pages are not larger: so many values at most. */
export const dictionaryBytesMax = 16_384
const valuesMax = dictionaryBytesMax / valueBytesMin
const slots = 4 * valuesMax

/** Number of the value in a slot, and one more; 0: the slot is free. */
const table = new Uint16Array(slots)
/** Where each value of the dictionary first occurs. */
const firsts = new Int32Array(valuesMax)
let indexMemory = new Int32Array(0)

export interface Dictionary {
  /** Where each of its values first occurs, in order. Good until the next dictionary is made. */
  readonly firsts: Int32Array
  /** The number of every value. Good until the next dictionary is made. */
  readonly indexes: Int32Array
}

/** The dictionary of words or bytes; undefined: it would be larger than `bytesMax`, which is `dictionaryBytesMax` at most. */
export function buildDictionary(dense: Dense, bytesMax: number): Dictionary | undefined {
  const { count } = dense
  if (count > indexMemory.length) indexMemory = new Int32Array(Math.max(count, 131_072))
  table.fill(0)
  const size =
    dense.form === 'bytes'
      ? numberBytes(dense.values, dense.offsets, count, bytesMax)
      : dense.form === 'words'
        ? numberWords(dense.words, dense.perValue, count, bytesMax)
        : undefined
  if (size === undefined) return undefined
  return { firsts: firsts.subarray(0, size), indexes: indexMemory.subarray(0, count) }
}

/** How many distinct values there are; undefined: too many. */
function numberWords(words: Int32Array, perValue: 1 | 2, count: number, bytesMax: number): number | undefined {
  const sizeMax = Math.floor(bytesMax / (4 * perValue))
  const indexes = indexMemory
  const high = perValue - 1
  let size = 0
  for (let i = 0; i < count; i++) {
    const first = words[perValue * i]!
    const second = words[perValue * i + high]!
    let slot = slotOf(Math.imul(first, 0x9e37_79b1) ^ second)
    for (;;) {
      const known = table[slot]! - 1
      if (known < 0) {
        if (size === sizeMax) return undefined
        firsts[size] = i
        indexes[i] = size
        table[slot] = ++size
        break
      }
      const at = perValue * firsts[known]!
      if (words[at] === first && words[at + high] === second) {
        indexes[i] = known
        break
      }
      slot = (slot + 1) & (slots - 1)
    }
  }
  return size
}

function numberBytes(
  values: Uint8Array,
  offsets: Int32Array,
  count: number,
  bytesMax: number,
): number | undefined {
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength)
  const indexes = indexMemory
  let size = 0
  let bytes = 0
  for (let i = 0; i < count; i++) {
    const from = offsets[i]!
    const length = offsets[i + 1]! - from
    let slot = slotOf(hashOf(view, from, length))
    for (;;) {
      const known = table[slot]! - 1
      if (known < 0) {
        bytes += 4 + length
        if (bytes > bytesMax) return undefined
        firsts[size] = i
        indexes[i] = size
        table[slot] = ++size
        break
      }
      const at = offsets[firsts[known]!]!
      if (offsets[firsts[known]! + 1]! - at === length && areEqual(view, at, from, length)) {
        indexes[i] = known
        break
      }
      slot = (slot + 1) & (slots - 1)
    }
  }
  return size
}

function slotOf(mixed: number): number {
  const hash = Math.imul(mixed ^ (mixed >>> 15), 0x85eb_ca6b)
  return (hash ^ (hash >>> 13)) & (slots - 1)
}

function hashOf(view: DataView, from: number, length: number): number {
  let hash = length
  const end = from + length
  for (; from + 4 <= end; from += 4)
    hash = Math.imul(hash ^ view.getInt32(from, true), 0x9e37_79b1) ^ (hash >>> 17)
  for (; from < end; from++) hash = Math.imul(hash ^ view.getUint8(from), 0x9e37_79b1) ^ (hash >>> 17)
  return hash
}

function areEqual(view: DataView, a: number, b: number, length: number): boolean {
  const end = a + length
  for (; a + 4 <= end; a += 4, b += 4) if (view.getInt32(a, true) !== view.getInt32(b, true)) return false
  for (; a < end; a++, b++) if (view.getUint8(a) !== view.getUint8(b)) return false
  return true
}
