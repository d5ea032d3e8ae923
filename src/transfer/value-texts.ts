// Values as text: what a CSV file and JSON say of them. `text-values.ts` reads it back, exactly.

import { bytesAt, textAt } from '../format/codecs/bytes.js'
import { numberAt } from '../format/codecs/int64.js'
import type { SchemaColumn } from '../format/schema.js'
import type { Vector } from '../format/vector.js'
import { asBuffer } from '../util/bytes.js'
import { clockText, dateText } from './civil.js'

/** The text of row `i`, which is not null. */
export type TextOf = (vector: Vector, i: number) => string

/** How a column's values look in a CSV file, before quotes. */
export function textOf({ type, codec }: SchemaColumn): TextOf {
  switch (type.kind) {
    case 'float32':
    case 'float64':
      return (vector, i) => floatText(vector.values[i] as number)
    case 'utf8':
    case 'json':
      return textAt
    case 'binary':
      return (vector, i) => asBuffer(bytesAt(vector, i)).toString('base64')
    case 'date':
      return (vector, i) => dateText(vector.values[i] as number)
    case 'timestamp':
      return type.unit === 'us' ? microsecondsText : millisecondsText
    default:
      return (vector, i) => String(codec.value(vector, i))
  }
}

/** How a column's values look in JSON: numbers with all their digits, what JSON has no form for as strings. */
export function jsonTextOf(column: SchemaColumn): TextOf {
  const text = textOf(column)
  switch (column.type.kind) {
    case 'utf8':
      return (vector, i) => JSON.stringify(textAt(vector, i))
    case 'binary':
    case 'date':
    case 'timestamp':
      return (vector, i) => `"${text(vector, i)}"`
    case 'float32':
    case 'float64':
      return (vector, i) => {
        const shown = text(vector, i)
        return Number.isFinite(vector.values[i] as number) ? shown : `"${shown}"`
      }
    default:
      return text
  }
}

function floatText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

const secondMs = 1000
const daySeconds = 86_400

function millisecondsText(vector: Vector, i: number): string {
  const milliseconds = numberAt(vector, i)
  const seconds = Math.floor(milliseconds / secondMs)
  return momentText(seconds, String(milliseconds - seconds * secondMs).padStart(3, '0'))
}

function microsecondsText(vector: Vector, i: number): string {
  const microseconds = vector.values[i] as bigint
  const fraction = ((microseconds % 1_000_000n) + 1_000_000n) % 1_000_000n
  const seconds = Number((microseconds - fraction) / 1_000_000n)
  return momentText(seconds, String(fraction).padStart(6, '0'))
}

/** `2001-03-05T06:07:08.123Z` */
function momentText(seconds: number, fraction: string): string {
  const days = Math.floor(seconds / daySeconds)
  return `${dateText(days)}T${clockText(seconds - days * daySeconds)}.${fraction}Z`
}
