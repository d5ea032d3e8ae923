// What a column type is in bytes: one small codec per kind, three faces each.
//
//   row     how a value lies in a row of the log and of a memtable: little-endian, fixed width or raw bytes
//   key     memcomparable: unsigned byte order of the encodings is the order of the values
//   vector  typed arrays, for batches and files
//
// `writeRow` and `writeKey` check and write in one pass, since they run once per column and put(); the others work
// on whole columns, so that the choice of codec is made once per batch.

import { MarquetryError } from '../errors.js'
import { binaryCodec, jsonCodec, utf8Codec } from './codecs/bytes.js'
import type { TypeCodec } from './codecs/codec.js'
import { decimalCodec } from './codecs/decimal.js'
import { boolCodec, dateCodec, floatCodec, integerCodec } from './codecs/fixed.js'
import { bigintCodec, timestampCodec } from './codecs/int64.js'
import type { ColumnType } from './column.js'

export type { TypeCodec } from './codecs/codec.js'

/** The codec of a column type. Throws MARQUETRY_UNSUPPORTED_FORMAT for a type that only a newer version knows. */
export function codecOf(type: ColumnType): TypeCodec {
  switch (type.kind) {
    case 'bool':
      return boolCodec
    case 'int8':
    case 'int16':
    case 'int32':
    case 'uint8':
    case 'uint16':
    case 'uint32':
      return integerCodec(type.kind)
    case 'int64':
      return bigintCodec
    case 'float32':
    case 'float64':
      return floatCodec(type.kind)
    case 'utf8':
      return utf8Codec
    case 'binary':
      return binaryCodec
    case 'json':
      return jsonCodec
    case 'date':
      return dateCodec
    case 'timestamp':
      if (type.unit === 'ms') return timestampCodec
      if (type.unit === 'us') return bigintCodec
      break
    case 'decimal128':
      return decimalCodec(type.precision ?? 38, type.scale ?? 0)
  }
  throw new MarquetryError(
    'MARQUETRY_UNSUPPORTED_FORMAT',
    `The column type ${JSON.stringify(type)} is not known: a newer version of marquetry may have written it`,
  )
}
