// decimal128: exact decimal numbers as two's complement integers of 128 bits, scaled by a power of ten.

import type { ByteSink } from '../../util/byte-sink.js'
import { fixedVector, type Vector } from '../vector.js'
import { type TypeCodec, viewOf } from './codec.js'

const pattern = /^(-?)(\d+)(?:\.(\d+))?$/
const signBit = 0x8000_0000

/** The scaled integer that a decimal string stands for, or undefined if it is none or has too many digits. */
export function parseDecimal(value: unknown, precision: number, scale: number): bigint | undefined {
  if (typeof value !== 'string') return undefined
  const match = pattern.exec(value)
  if (match === null) return undefined
  const fraction = match[3] ?? ''
  for (let i = scale; i < fraction.length; i++) if (fraction[i] !== '0') return undefined
  const digits = `${match[2]}${fraction.slice(0, scale).padEnd(scale, '0')}`.replace(/^0+(?=\d)/, '')
  if (digits.length > precision) return undefined
  const unscaled = BigInt(digits)
  return match[1] === '-' ? -unscaled : unscaled
}

/** The canonical text: no leading zeros, exactly `scale` digits behind the point, no negative zero. */
export function formatDecimal(unscaled: bigint, scale: number): string {
  const sign = unscaled < 0n ? '-' : ''
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0')
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

/** The integer in row `i` of an int128 vector. */
export function int128At(vector: Vector, i: number): bigint {
  const words = vector.values as Uint32Array
  let value = BigInt(words[4 * i + 3]! | 0)
  for (let word = 2; word >= 0; word--) value = (value << 32n) | BigInt(words[4 * i + word]!)
  return value
}

function word(value: bigint, index: number): number {
  return Number(BigInt.asUintN(32, value >> BigInt(32 * index)))
}

/** Key face: 16 bytes big-endian, sign flipped. `at` gives the words, least significant first. */
function appendKeyWords(sink: ByteSink, at: (index: number) => number): void {
  const to = sink.reserve(16)
  for (let index = 0; index < 4; index++) {
    const bits = at(index)
    sink.view.setInt32(to + 4 * (3 - index), index === 3 ? bits ^ signBit : bits)
  }
  sink.length = to + 16
}

export function decimalCodec(precision: number, scale: number): TypeCodec {
  return {
    layout: 'int128',
    rowBytes: 16,
    expects: `a decimal string of at most ${precision} digits, ${scale} behind the point`,
    writeRow(sink, at, value) {
      const unscaled = parseDecimal(value, precision, scale)
      if (unscaled === undefined) return false
      for (let index = 0; index < 4; index++) sink.view.setUint32(at + 4 * index, word(unscaled, index), true)
      return true
    },
    writeKey(sink, value) {
      const unscaled = parseDecimal(value, precision, scale)
      if (unscaled === undefined) return false
      appendKeyWords(sink, (index) => word(unscaled, index))
      return true
    },
    fromRows(bytes, starts, _ends, valid) {
      const view = viewOf(bytes)
      const words = new Uint32Array(starts.length * 4)
      for (let row = 0; row < starts.length; row++) {
        if (valid !== undefined && valid[row] === 0) continue
        for (let index = 0; index < 4; index++) {
          words[4 * row + index] = view.getUint32(starts[row]! + 4 * index, true)
        }
      }
      return fixedVector('int128', words, valid)
    },
    fromKeys(bytes, positions) {
      const view = viewOf(bytes)
      const words = new Uint32Array(positions.length * 4)
      for (let row = 0; row < positions.length; row++) {
        const at = positions[row]!
        for (let index = 0; index < 4; index++) words[4 * row + index] = view.getUint32(at + 4 * (3 - index))
        words[4 * row + 3]! ^= signBit
        positions[row] = at + 16
      }
      return fixedVector('int128', words)
    },
    vectorToKey(sink, vector, i) {
      const words = vector.values as Uint32Array
      appendKeyWords(sink, (index) => words[4 * i + index]!)
    },
    vectorToRow(sink, at, vector, i) {
      const words = vector.values as Uint32Array
      for (let index = 0; index < 4; index++) sink.view.setUint32(at + 4 * index, words[4 * i + index]!, true)
    },
    value: (vector, i) => formatDecimal(int128At(vector, i), scale),
  }
}
