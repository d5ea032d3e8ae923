// Columns of a foreign file, as Arrow, to vectors of a table's types. Exact or refused: which types go together is
// decided by `converterOf` before a row is read; a value that does not fit is refused with its row.
//
//   integers    from any integer that is in range          timestamps  from timestamps of any unit, and from dates
//   floats      float32 ↔ float64, from small integers     date        from dates, and from timestamps at midnight UTC
//   utf8, json  from strings, plain or in dictionaries     decimal128  from decimals and integers, where no digit is lost
//   binary      from bytes, fixed length too               bool        from bool
//
// Timestamps without a time zone are taken as UTC.

import { type DataType, type Decimal, DataType as Types } from 'apache-arrow'
import type { ColumnType } from '../format/column.js'
import { bytesConverter } from './convert-bytes.js'
import { decimalConverter } from './convert-decimals.js'
import { boolConverter, floatConverter, integerConverter } from './convert-numbers.js'
import { dateConverter, microsecondConverter, millisecondConverter } from './convert-times.js'
import type { Converter } from './converted.js'

/** How columns of an Arrow type become columns of a table's type. Undefined: they cannot. */
export function converterOf(from: DataType, to: ColumnType): Converter | undefined {
  switch (to.kind) {
    case 'bool':
      return Types.isBool(from) ? boolConverter : undefined
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64':
    case 'uint8':
    case 'uint16':
    case 'uint32':
      return Types.isInt(from) ? integerConverter(from, to.kind) : undefined
    case 'float32':
    case 'float64':
      return floatConverter(from, to.kind)
    case 'utf8':
    case 'json':
      return isText(from) ? bytesConverter(from, to.kind === 'json') : undefined
    case 'binary':
      return isBinary(from) ? bytesConverter(from, false) : undefined
    case 'date':
      return dateConverter(from)
    case 'timestamp':
      return to.unit === 'us' ? microsecondConverter(from) : millisecondConverter(from)
    case 'decimal128':
      return Types.isDecimal(from) || Types.isInt(from)
        ? decimalConverter(from as Decimal, to.precision ?? 38, to.scale ?? 0)
        : undefined
  }
}

function isText(type: DataType): boolean {
  if (Types.isDictionary(type)) return isText(type.dictionary as DataType)
  return Types.isUtf8(type) || Types.isLargeUtf8(type)
}

function isBinary(type: DataType): boolean {
  if (Types.isDictionary(type)) return isBinary(type.dictionary as DataType)
  return Types.isBinary(type) || Types.isLargeBinary(type) || Types.isFixedSizeBinary(type)
}
