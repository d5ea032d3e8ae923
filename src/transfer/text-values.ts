// Text to values of a table's types: what a field of a CSV file or a string in JSON may be. Exact or refused.
//
//   date       2001-03-05                            bool      true, false, in any case; 1, 0
//   timestamp  2001-03-05 06:07:08.123+01:00         binary    base64
//              without a zone: UTC; `T` or a space   floats    12.5, -1e300, NaN, Infinity, inf
//   integers   -12                                   json      any JSON

import type { ColumnType } from '../format/column.js'
import { civilOfDays, daysOfCivil } from './civil.js'

/** What text becomes; undefined: it is no value of the type. Whether the value is in range is for the codec to say. */
export type ParseText = (text: string) => unknown

const integer = /^[+-]?\d{1,40}$/
const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i
const time =
  /^(\d{4}|[+-]\d{6})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?\s?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i
const decimal = /^[+-]?\d+(\.\d+)?$/
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** How text becomes values of a type. */
export function textParser(type: ColumnType): ParseText {
  switch (type.kind) {
    case 'utf8':
      return (text) => text
    case 'bool':
      return parseBool
    case 'int8':
    case 'int16':
    case 'int32':
    case 'uint8':
    case 'uint16':
    case 'uint32':
      return (text) => (integer.test(text) ? Number(text) + 0 : undefined)
    case 'int64':
      return parseInt64
    case 'float32':
    case 'float64':
      return parseFloat64
    case 'decimal128':
      return (text) => parseDecimalText(text, type.scale ?? 0)
    case 'date':
      return (text) => parseDate(text)
    case 'timestamp':
      return type.unit === 'us' ? parseMicroseconds : parseMilliseconds
    case 'binary':
      return (text) => (base64.test(text) ? new Uint8Array(Buffer.from(text, 'base64')) : undefined)
    case 'json':
      return parseJson
  }
}

function parseBool(text: string): boolean | undefined {
  if (text === 'true' || text === '1') return true
  if (text === 'false' || text === '0') return false
  const lower = text.toLowerCase()
  return lower === 'true' ? true : lower === 'false' ? false : undefined
}

function parseInt64(text: string): bigint | undefined {
  if (!integer.test(text)) return undefined
  return BigInt(text.startsWith('+') ? text.slice(1) : text)
}

function parseFloat64(text: string): number | undefined {
  if (number.test(text)) return Number(text)
  const [, sign, name] = /^([+-]?)(nan|inf|infinity)$/i.exec(text) ?? []
  if (name === undefined) return undefined
  if (name.toLowerCase() === 'nan') return Number.NaN
  return sign === '-' ? -Infinity : Infinity
}

/** A decimal's text with no more digits behind the point than the type has, if those beyond are zeros. */
function parseDecimalText(text: string, scale: number): string | undefined {
  const unsigned = text.startsWith('+') ? text.slice(1) : text
  if (!decimal.test(unsigned)) return undefined
  const point = unsigned.indexOf('.')
  if (point < 0 || unsigned.length - point - 1 <= scale) return unsigned
  const end = scale === 0 ? point : point + 1 + scale
  return /^\.?0*$/.test(unsigned.slice(end)) ? unsigned.slice(0, end) : undefined
}

interface Moment {
  /** Whole seconds since 1970, in milliseconds. */
  readonly milliseconds: number
  /** Behind the second, in nanoseconds. */
  readonly nanoseconds: number
  readonly isDay: boolean
}

function momentOf(text: string): Moment | undefined {
  const match = time.exec(text)
  if (match === null) return undefined
  const [, year, month, day, hour, minute, second = '0', fraction = '', zone] = match
  const [y, mo, d] = [Number(year), Number(month), Number(day)]
  const [h, mi, s] = [Number(hour ?? 0), Number(minute ?? 0), Number(second)]
  if (mo < 1 || mo > 12 || h > 23 || mi > 59 || s > 59) return undefined
  const days = daysOfCivil({ year: y, month: mo, day: d })
  if (civilOfDays(days).day !== d) return undefined
  const offset = zone === undefined ? 0 : offsetMinutes(zone)
  const milliseconds = days * 86_400_000 + ((h * 60 + mi - offset) * 60 + s) * 1000
  return { milliseconds, nanoseconds: Number(fraction.padEnd(9, '0')), isDay: hour === undefined }
}

function offsetMinutes(zone: string): number {
  if (zone === 'Z' || zone === 'z') return 0
  const digits = zone.slice(1).replace(':', '')
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2) || 0)
  return zone.startsWith('-') ? -minutes : minutes
}

function parseDate(text: string): Date | undefined {
  const moment = momentOf(text)
  if (moment === undefined) return undefined
  return moment.milliseconds % 86_400_000 === 0 && moment.nanoseconds === 0
    ? new Date(moment.milliseconds)
    : undefined
}

function parseMilliseconds(text: string): Date | undefined {
  const moment = momentOf(text)
  if (moment === undefined || moment.nanoseconds % 1_000_000 !== 0) return undefined
  return new Date(moment.milliseconds + moment.nanoseconds / 1_000_000)
}

function parseMicroseconds(text: string): bigint | undefined {
  const moment = momentOf(text)
  if (moment === undefined || moment.nanoseconds % 1_000 !== 0) return undefined
  return BigInt(moment.milliseconds) * 1000n + BigInt(moment.nanoseconds / 1_000)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What kinds of values a text could be, for inference: the most special one first. */
export function kindOfText(text: string): 'bool' | 'int64' | 'float64' | 'date' | 'ms' | 'us' | 'utf8' {
  const lower = text.toLowerCase()
  if (lower === 'true' || lower === 'false') return 'bool'
  // A leading zero or plus means something to whoever wrote it: a postal code, a telephone number.
  if (/^-?(0|[1-9]\d*)$/.test(text)) {
    return text.length < 20 && BigInt.asIntN(64, BigInt(text)) === BigInt(text) ? 'int64' : 'utf8'
  }
  if (/^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/i.test(text) || lower === 'nan') return 'float64'
  const moment = momentOf(text)
  if (moment === undefined) return 'utf8'
  if (moment.isDay) return 'date'
  if (moment.nanoseconds % 1_000_000 === 0) return 'ms'
  return moment.nanoseconds % 1_000 === 0 ? 'us' : 'utf8'
}
