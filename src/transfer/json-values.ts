// JSON values to values of a table's types. Strings are read as in text files; numbers come with their text where
// JSON.parse would have changed them.

import type { ColumnType } from '../format/column.js'
import { textParser } from './text-values.js'

/** What a JSON value becomes; undefined: it is no value of the type. `digits`: the text of a number of many digits. */
export type ParseJson = (value: unknown, digits: string | undefined) => unknown

/** How JSON values become values of a type. Null is not for this to decide. */
export function jsonParser(type: ColumnType): ParseJson {
  const fromText = textParser(type)
  switch (type.kind) {
    case 'json':
      return (value) => value
    case 'bool':
    case 'utf8':
      return (value) => (typeof value === (type.kind === 'bool' ? 'boolean' : 'string') ? value : undefined)
    case 'int8':
    case 'int16':
    case 'int32':
    case 'uint8':
    case 'uint16':
    case 'uint32':
      return (value) => (typeof value === 'number' ? value + 0 : undefined)
    case 'int64':
      return (value, digits) => {
        if (typeof value === 'string') return fromText(value)
        if (typeof value !== 'number') return undefined
        if (Number.isSafeInteger(value)) return BigInt(value)
        return digits === undefined ? undefined : fromText(digits)
      }
    case 'float32':
    case 'float64':
      return (value) =>
        typeof value === 'number' ? value : typeof value === 'string' ? fromText(value) : undefined
    case 'decimal128':
      return (value, digits) => {
        if (typeof value === 'string') return fromText(value)
        return typeof value === 'number' ? fromText(digits ?? plainText(value)) : undefined
      }
    case 'date':
    case 'timestamp':
    case 'binary':
      return (value) => (typeof value === 'string' ? fromText(value) : undefined)
  }
}

/** A number without an exponent: `1e-7` is `0.0000001`. */
function plainText(value: number): string {
  const text = String(value)
  const [, sign = '', whole = '', fraction = '', exponent] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(text) ?? []
  if (exponent === undefined) return text
  const shift = Number(exponent)
  const digits = whole + fraction
  const point = whole.length + shift
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`
  if (point >= digits.length) return `${sign}${digits}${'0'.repeat(point - digits.length)}`
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`
}
