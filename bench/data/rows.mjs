// The five-field rows of the benchmarks: keys in random order, values that compress as real ones do.

const categories = ['alpha', 'beta', 'gamma', 'delta']
const words = ['lorem', 'ipsum', 'dolor', 'amet', 'magna']

function payloadOf(k) {
  return `${words[k % 5]} ${words[(k >> 3) % 5]} ${words[(k >> 6) % 5]} ${((k * 2654435761) >>> 0).toString(16)}`
}

/** Row `i` of `count`; k = (i · 7919) mod count is its place in key order. */
export function makeRow(i, count) {
  return rowAtPlace((i * 7919) % count)
}

/** The row at place `k` in key order. */
export function rowAtPlace(k) {
  return {
    key: flat(keyOf(k)),
    ts: 1.7e12 + ((13 * k) % 100_000),
    value: Math.round(1e6 * Math.sin(k)) / 100,
    category: categories[k % 4],
    payload: flat(payloadOf(k)),
  }
}

/** The string in one piece, as parsed input has it: V8 joins what was concatenated only when it is first read. */
export function flat(text) {
  return Buffer.from(text, 'latin1').toString('latin1')
}

/** The key of the row at place `k` in key order. */
export function keyOf(k) {
  return `user:${String(k).padStart(10, '0')}`
}

/** The rows at places `ranks` in key order as the vectors of their columns, in the order of the fields. */
export function rowsAsVectors(ranks) {
  const count = ranks.length
  const fixed = (layout, values) => ({ layout, length: count, values, offsets: undefined, valid: undefined })
  const strings = (make) => {
    const values = Buffer.from(Array.from(ranks, make).join(''), 'latin1')
    const offsets = new Int32Array(count + 1)
    for (let i = 0; i < count; i++) offsets[i + 1] = offsets[i] + make(ranks[i]).length
    return { layout: 'bytes', length: count, values, offsets, valid: undefined }
  }
  return [
    strings(keyOf),
    fixed(
      'int64',
      BigInt64Array.from(ranks, (k) => BigInt(1.7e12 + ((13 * k) % 100_000))),
    ),
    fixed(
      'float64',
      Float64Array.from(ranks, (k) => Math.round(1e6 * Math.sin(k)) / 100),
    ),
    strings((k) => categories[k % 4]),
    strings(payloadOf),
  ]
}
