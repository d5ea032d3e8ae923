// Columns of a foreign file, as Arrow, to vectors of a table's types. Exact or refused: which types go together is
// decided by `converterOf` before a row is read; a value that does not fit is refused with its row.
//
//   integers    from any integer that is in range          timestamps  from timestamps of any unit, and from dates
//   floats      from floats, from small integers           date        from dates, and from timestamps at midnight UTC
//   utf8, json  from strings, plain or in dictionaries     decimal128  from decimals and integers, where no digit is lost
//   binary      from bytes, fixed length too               bool        from bool
//
// Times of day become int64: microseconds since midnight. Lists, structs and maps become json.
// Timestamps without a time zone are taken as UTC.

import { type DataType, type Decimal, DataType as Types } from 'apache-arrow'
import type { ColumnType } from '../format/column.js'
import { bytesConverter } from './convert-bytes.js'
import { decimalConverter } from './convert-decimals.js'
import { isNested, nestedConverter } from './convert-nested.js'
import { boolConverter, floatConverter, integerConverter } from './convert-numbers.js'
import {
  dateConverter,
  microsecondConverter,
  millisecondConverter,
  timeOfDayConverter,
} from './convert-times.js'
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
      if (Types.isTime(from)) return to.kind === 'int64' ? timeOfDayConverter(from) : undefined
      return Types.isInt(from) ? integerConverter(from, to.kind) : undefined
    case 'float32':
    case 'float64':
      return floatConverter(from, to.kind)
    case 'utf8':
    case 'json':
      if (to.kind === 'json' && isNested(from)) return nestedConverter
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
  return Types.isUtf8(type) || Types.isLargeUtf8(type) || Types.isUtf8View(type)
}

function isBinary(type: DataType): boolean {
  if (Types.isDictionary(type)) return isBinary(type.dictionary as DataType)
  return (
    Types.isBinary(type) ||
    Types.isLargeBinary(type) ||
    Types.isBinaryView(type) ||
    Types.isFixedSizeBinary(type)
  )
}
