// The data sets of the comparison, by name.
//
// A data set tells its columns and key, and gives the row at any place k in key order; times are milliseconds. `digest` is
// what a reader adds up from the rows that it got, to be compared with what it should have got.

import { fiveFields } from './five-fields.mjs'
import { flights, flightsMost, prepareFlights } from './flights.mjs'

export const dataNames = ['rows', 'flights']

/** Makes what processes will share, once. */
export async function prepareData(name, work, rows) {
  if (name === 'flights') await prepareFlights(work, Math.min(rows, flightsMost))
}

export function openData(name, work, rows) {
  return name === 'flights' ? flights(work, Math.min(rows, flightsMost)) : fiveFields(rows)
}

/** The place in key order of the row that is written as number `i`. */
export const randomPlace = (i, rows) => (i * 7919) % rows

/** The place of the row that lookup number `i` asks for. */
export const lookupPlace = (i, rows) => (104_729 * i) % rows
