// Lists, structs and maps, as JSON: integers with all their digits, bytes in base64, what JSON lacks as text. Value by value: rare.

import {
  type Vector as ArrowVector,
  type DataType,
  MapRow,
  makeVector,
  StructRow,
  DataType as Types,
} from 'apache-arrow'
import { bytesVector } from '../format/vector.js'
import { type Converter, eachPiece } from './converted.js'

/** Whether values of a type are made of other values. */
export function isNested(type: DataType): boolean {
  return Types.isList(type) || Types.isFixedSizeList(type) || Types.isStruct(type) || Types.isMap(type)
}

/** To json. */
export const nestedConverter: Converter = ({ data, rows, valid }) => {
  const texts: Buffer[] = []
  const offsets = new Int32Array(rows + 1)
  let total = 0
  eachPiece(data, (piece, at) => {
    const vector: ArrowVector = makeVector(piece)
    for (let i = 0; i < piece.length; i++) {
      if (valid === undefined || valid[at + i] === 1) {
        const text = Buffer.from(jsonOf(vector.get(i)))
        texts.push(text)
        total += text.length
      }
      offsets[at + i + 1] = total
    }
  })
  return bytesVector(new Uint8Array(Buffer.concat(texts, total)), offsets, valid)
}

function jsonOf(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  switch (typeof value) {
    case 'bigint':
      return String(value)
    case 'number':
      return Number.isFinite(value) ? JSON.stringify(value) : JSON.stringify(String(value))
    case 'boolean':
    case 'string':
      return JSON.stringify(value)
  }
  if (value instanceof Date) return JSON.stringify(value.toISOString())
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString('base64'))
  if (value instanceof StructRow || value instanceof MapRow) {
    const members = [...value].map(([name, member]) => `${JSON.stringify(String(name))}:${jsonOf(member)}`)
    return `{${members.join(',')}}`
  }
  const items: string[] = []
  for (const item of value as Iterable<unknown>) items.push(jsonOf(item))
  return `[${items.join(',')}]`
}
