// Arrow's values as the API's own: read from the raw buffers, since Arrow's accessors round 64-bit numbers.

import type { Data } from 'apache-arrow'
import type { Column } from 'marquetry'

const dayMs = 86_400_000

/** Row `i` of a column. */
export function arrowValue(data: Data, i: number, { type }: Column): unknown {
  if (!data.getValid(i)) return null
  const at = data.offset + i
  const values = data.values as ArrayLike<number> & BigInt64Array & Uint8Array & Uint32Array
  switch (type.kind) {
    case 'bool':
      return ((values[at >> 3]! >> (at & 7)) & 1) === 1
    case 'date':
      return new Date(values[i]! * dayMs)
    case 'timestamp':
      return type.unit === 'us' ? BigInt(values[i]!) : new Date(Number(values[i]))
    case 'decimal128':
      return decimal(values, i, type.scale ?? 0)
    case 'utf8':
      return Buffer.from(bytes(data, values, i)).toString()
    case 'json':
      return JSON.parse(Buffer.from(bytes(data, values, i)).toString())
    case 'binary':
      return bytes(data, values, i)
    default:
      return values[i]
  }
}

function bytes(data: Data, values: Uint8Array, i: number): Uint8Array {
  return values.subarray(data.valueOffsets[i]!, data.valueOffsets[i + 1]!)
}

function decimal(words: Uint32Array, i: number, scale: number): string {
  let value = 0n
  for (let word = 3; word >= 0; word--) value = (value << 32n) | BigInt(words[4 * i + word]!)
  const signed = BigInt.asIntN(128, value)
  const digits = String(signed < 0n ? -signed : signed).padStart(scale + 1, '0')
  const point = digits.length - scale
  return `${signed < 0n ? '-' : ''}${digits.slice(0, point)}${scale > 0 ? `.${digits.slice(point)}` : ''}`
}
