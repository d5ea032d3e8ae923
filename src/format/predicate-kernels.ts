// The inner loops of predicates: one column against constants, a byte of verdict per row.
//
// 1. Verdicts are ordered no < unknown < yes, so that SQL's AND is the lesser of two, OR the greater, NOT the mirror.
// 2. Kernels know nothing of nulls: a null row's value is zero or empty and is compared like any other; the caller
//    then overwrites its verdict.
// 3. One function per layout: a loop that sees many kinds of typed array runs several times slower. The rarer
//    number layouts are widened to doubles first, which costs a nanosecond a row.

import { halvesOf } from './codecs/int64.js'
import { compareColumns } from './compare.js'
import type { Vector } from './vector.js'

export const no = 0
export const unknown = 1
export const yes = 2
export type Verdict = typeof no | typeof unknown | typeof yes

/** What a row is told when its value is below, equal to, or above the constant. */
export interface Verdicts {
  readonly below: Verdict
  readonly same: Verdict
  readonly above: Verdict
}

/** Compares each row of a column with the constant in row 0 of `constant`. */
export function judge(vector: Vector, constant: Vector, verdicts: Verdicts, out: Uint8Array): void {
  switch (vector.layout) {
    case 'bytes':
      judgeBytes(vector, constant, verdicts, out)
      break
    case 'int64':
      judgeInt64(vector, constant, verdicts, out)
      break
    case 'int128':
      judgeAny(vector, constant, verdicts, out)
      break
    default:
      judgeNumbers(doublesOrInts(vector), constant.values[0] as number, verdicts, out)
  }
}

function doublesOrInts({ layout, values }: Vector): Int32Array | Float64Array {
  if (layout === 'int32' || layout === 'float64') return values as Int32Array | Float64Array
  return new Float64Array(values as Float32Array)
}

function judgeNumbers(
  values: Int32Array | Float64Array,
  constant: number,
  { below, same, above }: Verdicts,
  out: Uint8Array,
): void {
  const rows = out.length
  if (Number.isNaN(constant)) {
    for (let i = 0; i < rows; i++) out[i] = Number.isNaN(values[i]) ? same : below
    return
  }
  // NaN is neither below nor equal, hence above: where it belongs.
  for (let i = 0; i < rows; i++) {
    const value = values[i]!
    out[i] = value < constant ? below : value === constant ? same : above
  }
}

function judgeInt64(vector: Vector, constant: Vector, { below, same, above }: Verdicts, out: Uint8Array): void {
  const halves = halvesOf(vector.values as BigInt64Array)
  const [low = 0, high = 0] = halvesOf(constant.values as BigInt64Array)
  const constantLow = low >>> 0
  for (let i = 0; i < out.length; i++) {
    const difference = halves[2 * i + 1]! - high || (halves[2 * i]! >>> 0) - constantLow
    out[i] = difference < 0 ? below : difference === 0 ? same : above
  }
}

function judgeAny(vector: Vector, constant: Vector, { below, same, above }: Verdicts, out: Uint8Array): void {
  const compare = compareColumns(vector, constant)
  for (let i = 0; i < out.length; i++) {
    const order = compare(i, 0)
    out[i] = order < 0 ? below : order === 0 ? same : above
  }
}

function judgeBytes(vector: Vector, constant: Vector, { below, same, above }: Verdicts, out: Uint8Array): void {
  const values = vector.values as Uint8Array
  const offsets = vector.offsets!
  const wanted = (constant.values as Uint8Array).subarray(constant.offsets![0], constant.offsets![1])
  const length = wanted.length
  for (let i = 0; i < out.length; i++) {
    const from = offsets[i]!
    const own = offsets[i + 1]! - from
    if (own !== length && below === above) {
      out[i] = below // a test for equality: the lengths decide
      continue
    }
    const shared = Math.min(own, length)
    let at = 0
    while (at < shared && values[from + at] === wanted[at]) at++
    const difference = at < shared ? values[from + at]! - wanted[at]! : own - length
    out[i] = difference < 0 ? below : difference === 0 ? same : above
  }
}

/** Whether each row's value is among `constants`, which are sorted and distinct, and at least one. */
export function judgeMembers(vector: Vector, constants: Vector, out: Uint8Array): void {
  if (constants.length <= 4) {
    const one = new Uint8Array(out.length)
    for (let member = 0; member < constants.length; member++) {
      judge(vector, rowOf(constants, member), { below: no, same: yes, above: no }, one)
      for (let i = 0; i < out.length; i++) out[i]! |= one[i]!
    }
    return
  }
  const compare = compareColumns(vector, constants)
  for (let i = 0; i < out.length; i++) {
    let low = 0
    let high = constants.length
    let found: Verdict = no
    while (low < high) {
      const middle = (low + high) >> 1
      const order = compare(i, middle)
      if (order === 0) {
        found = yes
        break
      }
      if (order < 0) high = middle
      else low = middle + 1
    }
    out[i] = found
  }
}

function rowOf(vector: Vector, i: number): Vector {
  if (vector.offsets !== undefined) return { ...vector, length: 1, offsets: vector.offsets.subarray(i, i + 2) }
  const per = vector.values.length / vector.length
  return { ...vector, length: 1, values: vector.values.subarray(i * per, (i + 1) * per) }
}

/** Whether each row's bytes start with `prefix`. */
export function judgePrefix(vector: Vector, prefix: Uint8Array, out: Uint8Array): void {
  const values = vector.values as Uint8Array
  const offsets = vector.offsets!
  const length = prefix.length
  for (let i = 0; i < out.length; i++) {
    const from = offsets[i]!
    let at = offsets[i + 1]! - from < length ? -1 : 0
    while (at >= 0 && at < length) at = values[from + at] === prefix[at] ? at + 1 : -1
    out[i] = at < 0 ? no : yes
  }
}
