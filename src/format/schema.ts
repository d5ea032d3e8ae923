// The schema of a table: what columns it has, which of them are the key, and how all that looks as JSON.
//
// Every column has a field id that is never given to another column of the table; Parquet files carry it, so that
// readers match columns by id and not by name. A schema is never changed: an added column makes a new schema id.

import { MarquetryError } from '../errors.js'
import type { Column, ColumnType, Kind } from './column.js'
import { codecOf, type TypeCodec } from './type-codec.js'

/** Columns that every SSTable has besides the user's. */
export const reservedNames = ['_seq', '_deleted'] as const

const columnsMax = 1_000
const nameBytesMax = 65_535

const kinds: ReadonlySet<string> = new Set<Kind>([
  'bool', 'int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'float32', 'float64', 'utf8', 'binary',
  'date', 'timestamp', 'decimal128', 'json',
]) // biome-ignore format: a list

const unkeyable: ReadonlySet<Kind> = new Set<Kind>(['float32', 'float64', 'json'])

/** A column as manifest and footers store it. */
export interface ColumnJson extends ColumnType {
  readonly id: number
  readonly name: string
  readonly nullable?: true
}

/** A schema as manifest, footers and jobs store it. */
export interface SchemaJson {
  readonly id: number
  readonly columns: readonly ColumnJson[]
  readonly key: readonly string[]
}

/** What a user gives to `db.table`: columns as an object, or as pairs where their order matters. */
export interface SchemaDefinition {
  readonly columns: { readonly [name: string]: Column } | readonly (readonly [string, Column])[]
  readonly key: readonly string[]
}

export interface SchemaColumn {
  /** Parquet field id. */
  readonly id: number
  readonly name: string
  readonly type: ColumnType
  readonly nullable: boolean
  readonly codec: TypeCodec
}

/** A checked schema. Columns are named by their index in `columns` everywhere inside the engine. */
export class Schema {
  readonly id: number
  readonly columns: readonly SchemaColumn[]
  /** Indexes of the key columns, in key order. */
  readonly key: readonly number[]
  /** Indexes of all other columns, ascending. */
  readonly values: readonly number[]
  /** Indexes of all columns, ascending. */
  readonly all: readonly number[]
  readonly #indexes: ReadonlyMap<string, number>

  constructor(json: SchemaJson) {
    this.id = json.id
    this.columns = json.columns.map(({ id, name, nullable, ...type }) => ({
      id,
      name,
      type,
      nullable: nullable === true,
      codec: codecOf(type),
    }))
    this.#indexes = new Map(this.columns.map((column, index) => [column.name, index]))
    this.key = json.key.map((name) => this.#indexes.get(name)!)
    this.all = this.columns.map((_, index) => index)
    this.values = this.all.filter((index) => !this.key.includes(index))
  }

  /** Index of the column of this name, or undefined. */
  indexOf(name: string): number | undefined {
    return this.#indexes.get(name)
  }

  toJSON(): SchemaJson {
    return {
      id: this.id,
      columns: this.columns.map(({ id, name, type, nullable }) => ({
        id,
        name,
        ...type,
        ...(nullable ? { nullable } : {}),
      })),
      key: this.key.map((index) => this.columns[index]!.name),
    }
  }
}

function invalid(message: string, column?: string): MarquetryError {
  return new MarquetryError('MARQUETRY_INVALID_OPTION', message, {
    option: 'schema',
    ...(column === undefined ? {} : { column }),
  })
}

function checkType(name: string, type: ColumnType | undefined): asserts type is ColumnType {
  if (type === undefined || !kinds.has(type.kind)) {
    throw invalid(`Column ${JSON.stringify(name)} has no known type: use the types of \`t\``, name)
  }
  if (type.kind === 'timestamp' && type.unit !== 'ms' && type.unit !== 'us') {
    throw invalid(`Column ${JSON.stringify(name)}: the unit of a timestamp is 'ms' or 'us'`, name)
  }
  if (type.kind === 'decimal128') {
    const { precision = 0, scale = -1 } = type
    if (!Number.isInteger(precision) || precision < 1 || precision > 38) {
      throw invalid(`Column ${JSON.stringify(name)}: the precision of a decimal128 is 1 to 38`, name)
    }
    if (!Number.isInteger(scale) || scale < 0 || scale > precision) {
      throw invalid(`Column ${JSON.stringify(name)}: the scale of a decimal128 is 0 to its precision`, name)
    }
  }
}

function checkName(name: string, seen: Set<string>): void {
  if (typeof name !== 'string' || !name.isWellFormed())
    throw invalid('A column name must be a string without lone surrogates')
  if ((reservedNames as readonly string[]).includes(name))
    throw invalid(`The column name ${name} is reserved`, name)
  if (Buffer.byteLength(name) > nameBytesMax)
    throw invalid(`A column name is longer than ${nameBytesMax} bytes`)
  if (seen.has(name)) throw invalid(`Column ${JSON.stringify(name)} is given twice`, name)
  seen.add(name)
}

/** Checks what a user gave and makes it schema 1, field ids in the given order. */
export function defineSchema(definition: SchemaDefinition): Schema {
  const { columns, key, ...others } = definition ?? {}
  for (const name of Object.keys(others))
    throw invalid(`A schema has \`columns\` and \`key\`, but no \`${name}\``)
  if (columns === null || typeof columns !== 'object')
    throw invalid('`columns` must be an object or an array of pairs')
  const pairs: readonly (readonly [string, Column])[] = Array.isArray(columns)
    ? columns
    : Object.entries(columns)
  if (pairs.length > columnsMax) throw invalid(`A table has at most ${columnsMax} columns`)
  const seen = new Set<string>()
  const described = pairs.map((pair, index): ColumnJson => {
    if (!Array.isArray(pair)) throw invalid('`columns` must be an object or an array of pairs')
    const [name, column] = pair as readonly [string, Column]
    checkName(name, seen)
    const type = column?.type
    checkType(name, type)
    return { id: index + 1, name, ...type, ...(column.isNullable ? { nullable: true } : {}) }
  })
  if (!Array.isArray(key) || key.length === 0) throw invalid('`key` must name at least one column')
  if (new Set(key).size < key.length) throw invalid('`key` names a column twice')
  for (const name of key as readonly string[]) {
    const column = described.find((candidate) => candidate.name === name)
    if (column === undefined)
      throw invalid(`The key column ${JSON.stringify(String(name))} is not among the columns`, name)
    if (column.nullable) throw invalid(`The key column ${JSON.stringify(name)} cannot be nullable`, name)
    if (unkeyable.has(column.kind))
      throw invalid(`Column ${JSON.stringify(name)}: a ${column.kind} column cannot be a key`, name)
  }
  return new Schema({ id: 1, columns: described, key })
}

/** What differs between a stored schema and a given one, as a sentence; undefined: they agree. */
export function schemaDifference(stored: Schema, given: Schema): string | undefined {
  const describe = ({ type, nullable }: SchemaColumn) =>
    JSON.stringify({ ...type, ...(nullable ? { nullable } : {}) })
  for (const column of given.columns) {
    const index = stored.indexOf(column.name)
    if (index === undefined) return `column ${JSON.stringify(column.name)} is not in the table`
    const was = describe(stored.columns[index]!)
    if (was !== describe(column)) {
      return `column ${JSON.stringify(column.name)} is ${was} in the table, ${describe(column)} was given`
    }
  }
  for (const column of stored.columns) {
    if (given.indexOf(column.name) === undefined) return `column ${JSON.stringify(column.name)} was not given`
  }
  const keyOf = (schema: Schema) => schema.key.map((index) => schema.columns[index]!.name)
  const [was, is] = [keyOf(stored), keyOf(given)]
  if (JSON.stringify(was) !== JSON.stringify(is))
    return `the key is (${was.join(', ')}) in the table, (${is.join(', ')}) was given`
  return undefined
}

/**
 * The stored schema with the nullable columns added that `given` has besides, under a new id; undefined: it has none.
 * Field ids go on behind all that were ever given. Whether the two agree otherwise is for `schemaDifference` to say.
 */
export function extendSchema(stored: Schema, given: Schema, newId: number): Schema | undefined {
  const json = stored.toJSON()
  const added = given.columns.filter(({ name, nullable }) => nullable && stored.indexOf(name) === undefined)
  if (added.length === 0) return undefined
  const lastId = Math.max(...json.columns.map(({ id }) => id))
  const columns = added.map(
    ({ name, type }, i): ColumnJson => ({ id: lastId + 1 + i, name, ...type, nullable: true }),
  )
  return new Schema({ id: newId, columns: [...json.columns, ...columns], key: json.key })
}
