import { expect, it } from 'vitest'
import { markOfKey } from '#src/memtable/key-mark.js'
import { bytesOf } from './arena.js'

it.each([1, 4, 256])('marks neighbours side by side and in key order: %i of them', (neighbours) => {
  for (const suffix of ['', '\0\0']) {
    const marks = Array.from({ length: neighbours }, (_, i) => {
      const key = bytesOf(`some key ${String.fromCharCode(256 - neighbours + i)}${suffix}`)
      return markOfKey(key, neighbours)
    })
    // A last byte of zero counts as an ending, and is no neighbour of the others.
    const side = neighbours === 256 ? marks.slice(1) : marks
    const first = side[0]!
    expect(side).toEqual(side.map((_, i) => first + i))
  }
})
