// The five-field rows as a data set of the comparison.

import { keyOf, rowAtPlace } from './rows.mjs'

/** sin(k) is above this for one k in a hundred, evenly spread. */
const onePercentOfSine = 1e4 * Math.sin(Math.PI * 0.49)

export function fiveFields(rows) {
  const from = Math.floor(rows * 0.4)
  return {
    name: 'rows',
    title: 'five fields',
    rows,
    columns: [
      { name: 'key', type: 'utf8' },
      { name: 'ts', type: 'timestamp' },
      { name: 'value', type: 'float64' },
      { name: 'category', type: 'utf8' },
      { name: 'payload', type: 'utf8' },
    ],
    key: ['key'],
    sumColumn: 'value',
    lookupColumns: ['value', 'category'],
    rowAt: rowAtPlace,
    keyAt: (k) => [keyOf(k)],
    absentKeyAt: (k) => [`${keyOf(k)}5`],
    digest: (row) => row.value + row.payload.length,
    lookupDigest: (row) => row.value + row.category.length,
    clustered: { column: 'key', gte: keyOf(from), lt: keyOf(from + Math.floor(rows / 100)) },
    unclustered: { column: 'value', gte: onePercentOfSine, lt: 1e5 },
  }
}
