// The five-field rows of the benchmarks: keys in random order, values that compress as real ones do.

const categories = ['alpha', 'beta', 'gamma', 'delta']
const words = ['lorem', 'ipsum', 'dolor', 'amet', 'magna']

/** Row `i` of `count`; k = (i · 7919) mod count is its place in key order. */
export function makeRow(i, count) {
  const k = (i * 7919) % count
  return {
    key: `user:${String(k).padStart(10, '0')}`,
    ts: 1.7e12 + ((13 * k) % 100_000),
    value: Math.round(1e6 * Math.sin(k)) / 100,
    category: categories[k % 4],
    payload: `${words[k % 5]} ${words[(k >> 3) % 5]} ${words[(k >> 6) % 5]} ${((k * 2654435761) >>> 0).toString(16)}`,
  }
}
