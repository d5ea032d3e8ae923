import { type DataType, DataType as Types } from 'apache-arrow'

/** An Arrow type, as messages show it. */
export function typeText(type: DataType): string {
  return Types.isDecimal(type) ? `Decimal(${type.precision}, ${type.scale})` : `${type}`
}
