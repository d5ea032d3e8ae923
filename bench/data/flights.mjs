// Three million flights of 2001 (vega-datasets), in key order: date, origin, destination and a number that tells those apart
// which agree in all three. Read once from Parquet, then from typed arrays beside the databases, which every process shares.

import { closeSync, existsSync, openSync, readFileSync, readSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const source = '../../node_modules/vega-datasets/data/flights-3m.parquet'
export const flightsMost = 3_000_000

/** `delay` of a flight whose delay is not known. */
const unknown = -0x80000000

/** Delays of so many minutes and more: one flight in a hundred. */
const quantile = 0.99

/** Makes the file of typed arrays below `work` if it is not there. */
export async function prepareFlights(work, rows) {
  const path = fileOf(work, rows)
  if (existsSync(path)) return
  const flights = await readParquet(rows)
  const order = inKeyOrder(flights)
  const columns = {
    date: Float64Array.from(order, (i) => flights.date[i]),
    origin: Uint16Array.from(order, (i) => flights.origin[i]),
    destination: Uint16Array.from(order, (i) => flights.destination[i]),
    delay: Int32Array.from(order, (i) => flights.delay[i]),
    distance: Int32Array.from(order, (i) => flights.distance[i]),
  }
  const head = JSON.stringify({ rows: order.length, airports: flights.airports })
  writeFileSync(`${path}.json`, head)
  const bytes = Object.values(columns).map((values) => new Uint8Array(values.buffer))
  writeFileSync(`${path}.new`, Buffer.concat(bytes))
  renameSync(`${path}.new`, path)
}

/** The data set; requires `prepareFlights`. */
export function flights(work, rows) {
  const path = fileOf(work, rows)
  const { airports, rows: count } = JSON.parse(readFileSync(`${path}.json`, 'utf8'))
  const column = columnsOf(path, count)
  const number = numbers(column, count)
  const keyAt = (k) => [column.date[k], airports[column.origin[k]], airports[column.destination[k]], number[k]]
  const delayAt = (k) => (column.delay[k] === unknown ? null : column.delay[k])
  const from = Math.floor(count * 0.4)
  return {
    name: 'flights',
    title: 'flights',
    rows: count,
    columns: [
      { name: 'date', type: 'timestamp' },
      { name: 'origin', type: 'utf8' },
      { name: 'destination', type: 'utf8' },
      { name: 'number', type: 'int32' },
      { name: 'delay', type: 'int32', nullable: true },
      { name: 'distance', type: 'int32' },
    ],
    key: ['date', 'origin', 'destination', 'number'],
    sumColumn: 'distance',
    lookupColumns: ['delay', 'distance'],
    rowAt(k) {
      const [date, origin, destination] = keyAt(k)
      return { date, origin, destination, number: number[k], delay: delayAt(k), distance: column.distance[k] }
    },
    keyAt,
    absentKeyAt: (k) => [...keyAt(k).slice(0, 3), 1000],
    digest: (row) => row.distance + (row.delay ?? 0),
    lookupDigest: (row) => row.distance + (row.delay ?? 0),
    clustered: { column: 'date', gte: column.date[from], lt: column.date[from + Math.floor(count / 100)] },
    unclustered: {
      column: 'delay',
      gte: Int32Array.from(column.delay).sort()[Math.floor(count * quantile)],
      lt: 1e6,
    },
  }
}

function fileOf(work, rows) {
  return join(work, `flights-${rows}.columns`)
}

async function readParquet(most) {
  const { parquetMetadata, parquetRead } = await import('hyparquet')
  const { compressors } = await import('hyparquet-compressors')
  const bytes = readFileSync(createRequire(import.meta.url).resolve(source))
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
  const metadata = parquetMetadata(file)
  const rows = Math.min(most, Number(metadata.num_rows))
  const airports = []
  const codes = new Map()
  const code = (airport) => {
    let known = codes.get(airport)
    if (known === undefined) {
      known = airports.push(airport) - 1
      codes.set(airport, known)
    }
    return known
  }
  const read = async (name, values, convert) => {
    const onChunk = ({ columnData, rowStart }) => {
      for (let i = 0; i < columnData.length && rowStart + i < rows; i++)
        values[rowStart + i] = convert(columnData[i])
    }
    await parquetRead({ file, metadata, compressors, columns: [name], rowEnd: rows, onChunk })
    return values
  }
  return {
    date: await read('date', new Float64Array(rows), (date) => date.getTime()),
    origin: await read('origin', new Uint16Array(rows), code),
    destination: await read('destination', new Uint16Array(rows), code),
    delay: await read('delay', new Int32Array(rows), (delay) => (delay == null ? unknown : Number(delay))),
    distance: await read('distance', new Int32Array(rows), Number),
    airports,
  }
}

/** Row numbers by date and, within a date, by the letters of origin and destination; of equals the earlier one first. */
function inKeyOrder({ date, origin, destination, airports }) {
  const ranks = new Map([...airports].sort().map((airport, rank) => [airport, rank]))
  const rank = Uint16Array.from(airports, (airport) => ranks.get(airport))
  return Uint32Array.from(date.keys()).sort(
    (a, b) =>
      date[a] - date[b] ||
      rank[origin[a]] - rank[origin[b]] ||
      rank[destination[a]] - rank[destination[b]] ||
      a - b,
  )
}

function columnsOf(path, rows) {
  const descriptor = openSync(path, 'r')
  let at = 0
  const read = (values) => {
    at += readSync(descriptor, values, 0, values.byteLength, at)
    return values
  }
  try {
    return {
      date: read(new Float64Array(rows)),
      origin: read(new Uint16Array(rows)),
      destination: read(new Uint16Array(rows)),
      delay: read(new Int32Array(rows)),
      distance: read(new Int32Array(rows)),
    }
  } finally {
    closeSync(descriptor)
  }
}

/** Flights that agree in date, origin and destination are neighbours: they count from 0. */
function numbers({ date, origin, destination }, rows) {
  const number = new Int32Array(rows)
  for (let k = 1; k < rows; k++) {
    const isSame =
      date[k] === date[k - 1] && origin[k] === origin[k - 1] && destination[k] === destination[k - 1]
    number[k] = isSame ? number[k - 1] + 1 : 0
  }
  return number
}
