// Which type a column gets that comes from a file with types of its own: one that `convert.ts` can make of it, exactly.

import { type DataType, Precision, TimeUnit, DataType as Types } from 'apache-arrow'
import type { ColumnType } from '../format/column.js'
import { isNested } from './convert-nested.js'

/** The type of a column for values of an Arrow type; undefined: none holds them. */
export function columnTypeOf(type: DataType): ColumnType | undefined {
  if (Types.isDictionary(type)) return columnTypeOf(type.dictionary as DataType)
  if (Types.isBool(type)) return { kind: 'bool' }
  if (Types.isInt(type)) return integerType(type.bitWidth, type.isSigned)
  if (Types.isFloat(type)) return { kind: type.precision === Precision.DOUBLE ? 'float64' : 'float32' }
  if (Types.isUtf8(type) || Types.isLargeUtf8(type) || Types.isUtf8View(type)) return { kind: 'utf8' }
  if (
    Types.isBinary(type) ||
    Types.isLargeBinary(type) ||
    Types.isBinaryView(type) ||
    Types.isFixedSizeBinary(type)
  )
    return { kind: 'binary' }
  if (Types.isDate(type)) return { kind: 'date' }
  if (Types.isTimestamp(type)) {
    const isFine = type.unit === TimeUnit.MICROSECOND || type.unit === TimeUnit.NANOSECOND
    return { kind: 'timestamp', unit: isFine ? 'us' : 'ms' }
  }
  if (Types.isTime(type)) return { kind: 'int64' }
  if (Types.isDecimal(type)) return decimalType(type.precision, type.scale)
  return isNested(type) ? { kind: 'json' } : undefined
}

/** The same width; 64 bits without a sign go to int64, which refuses what is beyond it. */
function integerType(bits: number, isSigned: boolean): ColumnType {
  if (bits === 64) return { kind: 'int64' }
  const signed = { 8: 'int8', 16: 'int16', 32: 'int32' } as const
  const unsigned = { 8: 'uint8', 16: 'uint16', 32: 'uint32' } as const
  return { kind: (isSigned ? signed : unsigned)[bits as 8 | 16 | 32] }
}

function decimalType(precision: number, scale: number): ColumnType | undefined {
  const isFit = precision <= 38 && scale >= 0 && scale <= precision
  return isFit ? { kind: 'decimal128', precision, scale } : undefined
}
