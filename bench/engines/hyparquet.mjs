// hyparquet, plain JavaScript, over the Parquet files that marquetry has written.

import {
  asyncBufferFromFile,
  parquetMetadataAsync,
  parquetQuery,
  parquetRead,
  parquetReadObjects,
} from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { filesOf } from '../lib/live-files.mjs'

export const durability = {}

export function optionsFor() {
  return { compressors: 'hyparquet-compressors' }
}

/** Requires: every key stands in the files once, which it does after a compaction. */
export async function open(directory, data) {
  const files = []
  for (const path of filesOf(directory)) {
    const file = await asyncBufferFromFile(path)
    files.push({ file, metadata: await parquetMetadataAsync(file), compressors })
  }
  return new Store(files, data)
}

class Store {
  constructor(files, data) {
    this.files = files
    this.data = data
    this.dates = new Set(data.columns.filter(({ type }) => type === 'timestamp').map(({ name }) => name))
  }

  key = (parts) =>
    Object.fromEntries(parts.map((part, i) => [this.data.key[i], { $eq: this.value(this.data.key[i], part) }]))
  value = (name, value) => (this.dates.has(name) ? new Date(value) : value)

  async lookup(filter) {
    for (const file of this.files) {
      const [row] = await parquetReadObjects({
        ...file,
        columns: [...this.data.key, ...this.data.lookupColumns],
        filter,
      })
      if (row !== undefined) return row
    }
    return undefined
  }

  async sum(column) {
    let sum = 0
    const onChunk = ({ columnData }) => {
      for (let i = 0; i < columnData.length; i++) sum += columnData[i]
    }
    for (const file of this.files) await parquetRead({ ...file, columns: [column], onChunk })
    return sum
  }

  async where({ column, gte, lt }) {
    const filter = { [column]: { $gte: this.value(column, gte), $lt: this.value(column, lt) } }
    const columns = [...new Set([column, this.data.sumColumn])]
    let rows = 0
    let sum = 0
    for (const file of this.files) {
      for (const row of await parquetQuery({ ...file, columns, filter })) {
        rows++
        sum += row[this.data.sumColumn]
      }
    }
    return { rows, sum }
  }

  async eachChunk(visit) {
    const columns = this.data.columns.map(({ name }) => name)
    for (const file of this.files) visit(await parquetReadObjects({ ...file, columns }))
  }

  settle = () => undefined
  close = () => undefined
}
