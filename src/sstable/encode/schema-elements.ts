// The schema of a Parquet file as its footer describes it: physical types and what they mean, in the old way (ConvertedType) and
// the new one (LogicalType). https://github.com/apache/parquet-format/blob/master/LogicalTypes.md

import type { ColumnType } from '../../format/column.js'
import type { FileColumn } from '../stored-columns.js'
import { type ThriftStruct, thriftStruct, thriftTypes } from '../thrift.js'
import { physicalTypeOf } from './physical.js'

const { i8, i32, binary, struct } = thriftTypes
const encoder = new TextEncoder()

/** Parquet's numbers of a column that must have values, and of one that may lack them. */
const repetitions = { required: 0, optional: 1 } as const

/** What the bytes of a value mean. */
interface Meaning {
  readonly converted?: number
  readonly logical?: ThriftStruct
}

/** A root without a meaning, and one element per column. */
export function schemaElements(columns: readonly FileColumn[]): readonly ThriftStruct[] {
  const root = thriftStruct([4, binary, encoder.encode('arrow_schema')], [5, i32, columns.length])
  return [root, ...columns.map(element)]
}

function element({ name, fieldId, type, nullable }: FileColumn): ThriftStruct {
  const { converted, logical } = meaningOf(type)
  return thriftStruct(
    [1, i32, physicalTypeOf[type.kind]],
    [3, i32, nullable ? repetitions.optional : repetitions.required],
    [4, binary, encoder.encode(name)],
    [6, i32, converted],
    [9, i32, fieldId],
    [10, struct, logical],
  )
}

function meaningOf({ kind, unit }: ColumnType): Meaning {
  switch (kind) {
    case 'utf8':
    case 'json':
      return { converted: 0, logical: variant(1) }
    case 'date':
      return { converted: 6, logical: variant(6) }
    case 'int8':
      return { converted: 15, logical: variant(10, integer(8)) }
    case 'int16':
      return { converted: 16, logical: variant(10, integer(16)) }
    case 'timestamp': {
      const isMicroseconds = unit === 'us'
      const inUtc = [1, thriftTypes.true, true] as const
      const resolution = variant(isMicroseconds ? 2 : 1)
      return {
        converted: isMicroseconds ? 10 : 9,
        logical: variant(8, thriftStruct(inUtc, [2, struct, resolution])),
      }
    }
    default:
      return {}
  }
}

/** A union with this member. */
function variant(id: number, content: ThriftStruct = thriftStruct()): ThriftStruct {
  return thriftStruct([id, struct, content])
}

function integer(bits: number): ThriftStruct {
  return thriftStruct([1, i8, bits], [2, thriftTypes.true, true])
}
