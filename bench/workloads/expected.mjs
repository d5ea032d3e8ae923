// What workloads have to find, told by the data set alone. The digests of rows are added up here as readers add them up.

/** The digest of the rows at the places `placeOf(0 … ops - 1)`. */
export function digestOf(data, ops, placeOf, digest = data.digest) {
  let sum = 0
  for (let i = 0; i < ops; i++) sum += digest(data.rowAt(placeOf(i)))
  return { rows: ops, sum }
}

const totals = new WeakMap()

/** Of all rows: their digest, the sum of the column that is summed, and what each predicate finds. */
export function totalsOf(data) {
  const known = totals.get(data)
  if (known !== undefined) return known
  const found = { digest: 0, column: 0, clustered: { rows: 0, sum: 0 }, unclustered: { rows: 0, sum: 0 } }
  for (let k = 0; k < data.rows; k++) {
    const row = data.rowAt(k)
    const value = row[data.sumColumn]
    found.digest += data.digest(row)
    found.column += value
    for (const name of ['clustered', 'unclustered']) {
      const { column, gte, lt } = data[name]
      if (row[column] === null || !(row[column] >= gte && row[column] < lt)) continue
      found[name].rows++
      found[name].sum += value
    }
  }
  totals.set(data, found)
  return found
}

/** Sums of doubles depend on their order: they agree to nine digits. */
export function agrees(check, expected) {
  return Object.entries(expected).every(([name, value]) => {
    const scale = Math.max(1, Math.abs(value), name === 'sum' ? (expected.rows ?? 1) : 1)
    return Math.abs(check[name] - value) <= 1e-9 * scale
  })
}
