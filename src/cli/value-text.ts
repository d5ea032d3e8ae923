// Values as words: what a user types for a value of a column, and how a value is shown.
//
//   date        2001-03-01
//   timestamp   2001-03-01T06:25:00.000Z; a space for the T, a shorter time, an offset such as +01:00 are read too, and a
//               time without an offset is UTC
//   binary      base64, or x'hexadecimal digits'
//   json        JSON
//   floats      also NaN, Infinity, -Infinity

import type { ColumnType } from '../format/column.js'
import type { ColumnJson } from '../format/schema.js'
import { UsageError } from './usage-error.js'

const integers: ReadonlySet<string> = new Set(['int8', 'int16', 'int32', 'uint8', 'uint16', 'uint32'])

/** The value that a word means in this column. Throws a UsageError that says what was expected. */
export function valueFromText(column: ColumnJson, text: string): unknown {
  const value = readValue(column, text)
  if (value !== undefined) return value
  throw new UsageError(`column ${column.name} expects ${expectationOf(column)}, not ${JSON.stringify(text)}`)
}

function readValue(type: ColumnType, text: string): unknown {
  if (integers.has(type.kind)) return /^-?\d+$/.test(text) ? Number(text) : undefined
  switch (type.kind) {
    case 'bool':
      return text === 'true' ? true : text === 'false' ? false : undefined
    case 'int64':
      return /^-?\d+$/.test(text) ? BigInt(text) : undefined
    case 'float32':
    case 'float64':
      return numberFromText(text)
    case 'decimal128':
      return /^-?\d+(\.\d+)?$/.test(text) ? text : undefined
    case 'binary':
      return bytesFromText(text)
    case 'date':
      return /^(\d{4}|[-+]\d{6})-\d\d-\d\d$/.test(text) ? dateOf(microsecondsFromText(text)) : undefined
    case 'timestamp': {
      const microseconds = microsecondsFromText(text)
      return type.unit === 'us' ? microseconds : dateOf(microseconds)
    }
    case 'json':
      return jsonFromText(text)
    default:
      return text
  }
}

function numberFromText(text: string): number | undefined {
  if (/^(NaN|-?Infinity)$/.test(text)) return Number(text)
  return /^-?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : undefined
}

function bytesFromText(text: string): Uint8Array | undefined {
  const hex = /^[xX]'((?:[0-9a-fA-F]{2})*)'$/.exec(text)
  if (hex !== null) return new Uint8Array(Buffer.from(hex[1] ?? '', 'hex'))
  const isBase64 = text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)
  return isBase64 ? new Uint8Array(Buffer.from(text, 'base64')) : undefined
}

function jsonFromText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const timePattern =
  /^((?:\d{4}|[-+]\d{6})-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d{1,6}))?)?(Z|[-+]\d\d:?\d\d)?)?$/i
/** Microseconds beyond what a Date can hold. */
const countPattern = /^-?\d{9,}$/

/** Microseconds since 1970 of an ISO 8601 time. */
function microsecondsFromText(text: string): bigint | undefined {
  if (countPattern.test(text)) return BigInt(text)
  const match = timePattern.exec(text)
  if (match === null) return undefined
  const [, day = '', minutes = '00:00', seconds = '00', fraction = '', zone = 'Z'] = match
  const offset = zone.toUpperCase() === 'Z' ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(-2)}`
  const milliseconds = Date.parse(`${day}T${minutes}:${seconds}${offset}`)
  const isDay = new Date(Date.parse(`${day}T00:00Z`) || 0).toISOString().startsWith(day)
  if (Number.isNaN(milliseconds) || !isDay) return undefined
  return BigInt(milliseconds) * 1000n + BigInt(fraction.padEnd(6, '0'))
}

/** Undefined where a date cannot hold it exactly. */
function dateOf(microseconds: bigint | undefined): Date | undefined {
  if (microseconds === undefined || microseconds % 1000n !== 0n) return undefined
  return new Date(Number(microseconds / 1000n))
}

/** What a column takes, in words. */
export function expectationOf({ kind, unit, precision, scale }: ColumnType): string {
  if (integers.has(kind)) return `an ${kind}`.replace('an u', 'a u')
  if (kind === 'bool') return 'true or false'
  if (kind === 'int64') return 'an int64'
  if (kind === 'decimal128') return `a decimal number of ${precision} digits, ${scale} behind the point`
  if (kind === 'binary') return "base64, or x'hexadecimal digits'"
  if (kind === 'date') return 'a day such as 2001-03-01'
  if (kind === 'timestamp') {
    return `a time such as 2001-03-01T06:25:00Z, exact to ${unit === 'us' ? 'microseconds' : 'milliseconds'}`
  }
  if (kind === 'json') return 'JSON'
  return kind === 'utf8' ? 'a text' : 'a number'
}

/** A type as a word: `int32`, `timestamp(us)`, `decimal128(10,2)`. */
export function typeText({ kind, unit, precision, scale }: ColumnType): string {
  if (kind === 'decimal128') return `decimal128(${precision},${scale})`
  return unit === 'us' ? 'timestamp(us)' : kind
}

/** A value as a word, which `valueFromText` reads as the same value. */
export function textOf(type: ColumnType, value: unknown): string {
  if (value instanceof Date) return type.kind === 'date' ? dayOf(value) : value.toISOString()
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (type.kind === 'timestamp') return microsecondsToText(BigInt(value as bigint))
  if (type.kind === 'json') return JSON.stringify(value)
  return typeof value === 'number' ? numberText(value) : String(value)
}

/** As `String`, but for the sign of zero. */
export function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

function dayOf(value: Date): string {
  const text = value.toISOString()
  return text.slice(0, text.indexOf('T'))
}

const dateMicrosecondsMax = 8_640_000_000_000_000_000n

function microsecondsToText(microseconds: bigint): string {
  const second = ((microseconds % 1_000_000n) + 1_000_000n) % 1_000_000n
  if (microseconds > dateMicrosecondsMax || microseconds - second < -dateMicrosecondsMax)
    return String(microseconds)
  const whole = new Date(Number((microseconds - second) / 1000n)).toISOString()
  return whole.replace('.000Z', `.${String(second).padStart(6, '0')}Z`)
}

/** A value as JSON: integers of 64 bits as digits, times and bytes as texts, what JSON has no number for as a text. */
export function jsonOf(type: ColumnType, value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (type.kind === 'timestamp' || type.kind === 'date' || type.kind === 'binary')
    return JSON.stringify(textOf(type, value))
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number')
    return Number.isFinite(value) ? textOf(type, value) : JSON.stringify(String(value))
  return JSON.stringify(value)
}
