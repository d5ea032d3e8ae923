// Batches out of pieces of other batches: what merges, filters and visibility produce.
//
// Rows are copied column by column. Layouts are reinterpreted as bytes or 32-bit words, so that two small loops serve
// all of them: a loop over many kinds of typed array would be several times slower, and values of 64 bits are
// moved without becoming bigints. Long slices go by `set`, short ones by loop, since a view costs 50 ns to make.

import { type Batch, isNoSeq, noSeq } from '../format/batch.js'
import {
  allocateOffsets,
  allocateValues,
  bytesVector,
  copyBytes,
  sliceVector,
  type Values,
  type Vector,
} from '../format/vector.js'
import { assert } from '../util/assert.js'
import type { BufferPool } from '../util/buffer-pool.js'

const offsetMax = 2 ** 31 - 1
/** Elements above which `set` of a view is cheaper than a loop. */
const longCopy = 40

/** Rows `from` to `to` of a batch as views over the same memory. */
export function sliceBatch(batch: Batch, from: number, to: number): Batch {
  if (from === 0 && to === batch.rows) return batch
  return {
    rows: to - from,
    columns: batch.columns.map((vector) => sliceVector(vector, from, to)),
    seq: batch.seq.subarray(from, to),
    deleted: batch.deleted?.subarray(from, to),
  }
}

/**
 * A list of slices of batches, in the order in which their rows shall stand. Used again after `clear`.
 * The batches hold the same columns.
 */
export class SliceList {
  /** The distinct batches; a slice names its batch by its place here. */
  readonly batches: Batch[] = []
  /** Changes with every `clear`: places in `batches` are good for one generation. */
  generation = 0
  /** Number of slices. */
  length = 0
  /** Rows of all slices together. */
  rows = 0
  places: Uint32Array
  starts: Uint32Array
  counts: Uint32Array

  constructor(capacity = 64) {
    this.places = new Uint32Array(capacity)
    this.starts = new Uint32Array(capacity)
    this.counts = new Uint32Array(capacity)
  }

  /** Makes a batch known and returns its place. */
  use(batch: Batch): number {
    return this.batches.push(batch) - 1
  }

  /** Appends rows `start` to `start + count` of the batch at `place`. */
  add(place: number, start: number, count: number): void {
    const last = this.length - 1
    this.rows += count
    if (last >= 0 && this.places[last] === place && this.starts[last]! + this.counts[last]! === start) {
      this.counts[last]! += count
      return
    }
    if (this.length === this.places.length) this.#grow()
    this.places[this.length] = place
    this.starts[this.length] = start
    this.counts[this.length] = count
    this.length++
  }

  clear(): void {
    this.batches.length = 0
    this.generation++
    this.length = 0
    this.rows = 0
  }

  #grow(): void {
    const grow = (old: Uint32Array) => {
      const grown = new Uint32Array(old.length * 2)
      grown.set(old)
      return grown
    }
    this.places = grow(this.places)
    this.starts = grow(this.starts)
    this.counts = grow(this.counts)
  }
}

/**
 * The rows of the slices as one batch, in memory from `pool` if it is given; a lone slice is returned as a view. Requires: at least
 * one slice.
 */
export function gather(slices: SliceList, pool?: BufferPool): Batch {
  const { batches, rows } = slices
  const first = batches[slices.places[0]!]
  assert(slices.length > 0 && first !== undefined, 'there is something to gather')
  if (slices.length === 1) return sliceBatch(first, slices.starts[0]!, slices.starts[0]! + slices.counts[0]!)
  const columns = first.columns.map((_, c) =>
    gatherVector(
      batches.map((batch) => batch.columns[c]!),
      slices,
      pool,
    ),
  )
  const seq = gatherSeq(
    batches.map((batch) => batch.seq),
    slices,
  )
  const deleted = gatherFlags(
    batches.map((batch) => batch.deleted),
    0,
    slices,
  )
  return { rows, columns, seq, deleted }
}

/** The rows that `selection` names, which ascend, as one batch. */
export function selectRows(batch: Batch, selection: Uint32Array): Batch {
  if (selection.length === batch.rows) return batch
  if (selection.length === 0) return sliceBatch(batch, 0, 0)
  const slices = new SliceList(selection.length)
  const place = slices.use(batch)
  for (let i = 0; i < selection.length; ) {
    const start = selection[i]!
    const from = i
    while (++i < selection.length && selection[i]! - start === i - from);
    slices.add(place, start, i - from)
  }
  return gather(slices)
}

function gatherSeq(numbers: readonly Float64Array[], slices: SliceList): Float64Array {
  if (numbers.every(isNoSeq)) return noSeq(slices.rows)
  const seq = new Float64Array(slices.rows)
  gatherWords(numbers.map(wordsOf), 2, slices, wordsOf(seq))
  return seq
}

function gatherVector(vectors: readonly Vector[], slices: SliceList, pool: BufferPool | undefined): Vector {
  const valid = gatherFlags(
    vectors.map((vector) => vector.valid),
    1,
    slices,
  )
  const { layout } = vectors[0]!
  if (layout === 'bytes') return gatherStrings(vectors, slices, valid, pool)
  const values = allocateValues(layout, slices.rows, pool)
  const bytesPerRow = values.byteLength / slices.rows
  if (bytesPerRow >= 4) {
    gatherWords(
      vectors.map((vector) => wordsOf(vector.values)),
      bytesPerRow / 4,
      slices,
      wordsOf(values),
    )
  } else {
    gatherBytes(
      vectors.map((vector) => bytesOf(vector.values)),
      bytesPerRow,
      slices,
      bytesOf(values),
    )
  }
  return { layout, length: slices.rows, values, offsets: undefined, valid }
}

function wordsOf(values: Values): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.byteLength / 4)
}

function bytesOf(values: Values): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

function gatherWords(from: readonly Int32Array[], perRow: number, slices: SliceList, to: Int32Array): void {
  const { places, starts, counts, length } = slices
  let at = 0
  for (let s = 0; s < length; s++) {
    const source = from[places[s]!]!
    let i = starts[s]! * perRow
    const end = i + counts[s]! * perRow
    if (end - i > longCopy) {
      to.set(source.subarray(i, end), at)
      at += end - i
    } else while (i < end) to[at++] = source[i++]!
  }
}

function gatherBytes(from: readonly Uint8Array[], perRow: number, slices: SliceList, to: Uint8Array): void {
  const { places, starts, counts, length } = slices
  let at = 0
  for (let s = 0; s < length; s++) {
    const count = counts[s]! * perRow
    copyBytes(from[places[s]!]!, starts[s]! * perRow, to, at, count)
    at += count
  }
}

/** Flags of a byte a row; a batch without them has `missing` in all rows. Undefined: no batch has them. */
function gatherFlags(
  from: readonly (Uint8Array | undefined)[],
  missing: 0 | 1,
  slices: SliceList,
): Uint8Array | undefined {
  if (from.every((flags) => flags === undefined)) return undefined
  const { places, starts, counts, length, rows } = slices
  const to = new Uint8Array(rows)
  if (missing === 1) to.fill(1)
  let at = 0
  for (let s = 0; s < length; s++) {
    const flags = from[places[s]!]
    if (flags !== undefined) copyBytes(flags, starts[s]!, to, at, counts[s]!)
    at += counts[s]!
  }
  return to
}

/** Copies `count` bytes, short ones a word at a time: up to three bytes beyond them are overwritten. */
function copyWords(
  from: Uint8Array,
  fromView: DataView,
  start: number,
  to: Uint8Array,
  toView: DataView,
  at: number,
  count: number,
): void {
  if (count > 64) to.set(from.subarray(start, start + count), at)
  else if (start + count + 3 <= from.length) {
    for (const end = start + count; start < end; start += 4, at += 4) {
      toView.setInt32(at, fromView.getInt32(start, true), true)
    }
  } else for (const end = start + count; start < end; ) to[at++] = from[start++]!
}

function gatherStrings(
  vectors: readonly Vector[],
  slices: SliceList,
  valid: Uint8Array | undefined,
  pool: BufferPool | undefined,
): Vector {
  const { places, starts, counts, length, rows } = slices
  const allOffsets = vectors.map((vector) => vector.offsets!)
  const allValues = vectors.map((vector) => vector.values as Uint8Array)
  const views = allValues.map(
    ({ buffer, byteOffset, byteLength }) => new DataView(buffer, byteOffset, byteLength),
  )
  const offsets = allocateOffsets(rows, pool)
  let total = 0
  let row = 0
  for (let s = 0; s < length; s++) {
    const source = allOffsets[places[s]!]!
    const start = starts[s]!
    const end = start + counts[s]!
    const shift = total - source[start]!
    for (let i = start + 1; i <= end; i++) offsets[++row] = source[i]! + shift
    total = source[end]! + shift
  }
  assert(total <= offsetMax, 'the bytes of a batch fit its offsets')
  const values = allocateValues('bytes', total + 3, pool) as Uint8Array // words may be written beyond the last value
  const view = new DataView(values.buffer, 0, total + 3)
  let at = 0
  for (let s = 0; s < length; s++) {
    const source = allOffsets[places[s]!]!
    const from = source[starts[s]!]!
    const count = source[starts[s]! + counts[s]!]! - from
    copyWords(allValues[places[s]!]!, views[places[s]!]!, from, values, view, at, count)
    at += count
  }
  return bytesVector(values.subarray(0, total), offsets, valid)
}
