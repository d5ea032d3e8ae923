// Column types as a user declares them: `t.utf8()`, `t.int32().nullable()`. Declarations only; their bytes are
// in `type-codec.ts`, the checks on a whole schema in `schema.ts`.

/** Any value that JSON can hold. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json }

/** The type of a column's values, without its parameters. */
export type Kind =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'float32'
  | 'float64'
  | 'utf8'
  | 'binary'
  | 'date'
  | 'timestamp'
  | 'decimal128'
  | 'json'

/** A column's type, as plain data: what the manifest and the footers store. */
export interface ColumnType {
  readonly kind: Kind
  /** `timestamp` only: milliseconds or microseconds since 1970-01-01T00:00:00Z. */
  readonly unit?: 'ms' | 'us'
  /** `decimal128` only: digits in all, 1 to 38. */
  readonly precision?: number
  /** `decimal128` only: digits behind the point, 0 to `precision`. */
  readonly scale?: number
}

declare const value: unique symbol

/** A declared column. `V` is the type of its values in JavaScript; whether it may be a key or null is part of its type. */
export interface Column<V = unknown, Key extends boolean = boolean, Null extends boolean = boolean> {
  /** Carries `V` for the compiler; never present at run time. */
  readonly [value]?: V
  readonly kind: Kind
  readonly type: ColumnType
  readonly keyable: Key
  readonly isNullable: Null
}

/** A column whose values must be given; `nullable()` is the same column with null allowed. */
export interface RequiredColumn<V, Key extends boolean> extends Column<V, Key, false> {
  nullable(): Column<V | null, false, true>
}

function column<V, Key extends boolean>(type: ColumnType, keyable: Key): RequiredColumn<V, Key> {
  const base = { kind: type.kind, type: Object.freeze(type), keyable }
  return Object.freeze({
    ...base,
    isNullable: false as const,
    nullable: () => Object.freeze({ ...base, keyable: false as const, isNullable: true as const }),
  })
}

function timestamp(): RequiredColumn<Date, true>
function timestamp(unit: 'ms'): RequiredColumn<Date, true>
function timestamp(unit: 'us'): RequiredColumn<bigint, true>
function timestamp(unit: 'ms' | 'us' = 'ms'): RequiredColumn<Date, true> | RequiredColumn<bigint, true> {
  return unit === 'ms'
    ? column<Date, true>({ kind: 'timestamp', unit }, true)
    : column<bigint, true>({ kind: 'timestamp', unit }, true)
}

/**
 * The column types. Values in JavaScript: `int64` and `timestamp('us')` are `bigint`; `date` and `timestamp` are
 * `Date` (a date is UTC midnight); `decimal128` is a string such as `'-12.50'`; `binary` is `Uint8Array`; `json` is
 * any JSON value. Floats and json cannot be keys, nor can nullable columns.
 */
export const t = Object.freeze({
  bool: () => column<boolean, true>({ kind: 'bool' }, true),
  int8: () => column<number, true>({ kind: 'int8' }, true),
  int16: () => column<number, true>({ kind: 'int16' }, true),
  int32: () => column<number, true>({ kind: 'int32' }, true),
  int64: () => column<bigint, true>({ kind: 'int64' }, true),
  uint8: () => column<number, true>({ kind: 'uint8' }, true),
  uint16: () => column<number, true>({ kind: 'uint16' }, true),
  uint32: () => column<number, true>({ kind: 'uint32' }, true),
  float32: () => column<number, false>({ kind: 'float32' }, false),
  float64: () => column<number, false>({ kind: 'float64' }, false),
  utf8: () => column<string, true>({ kind: 'utf8' }, true),
  binary: () => column<Uint8Array, true>({ kind: 'binary' }, true),
  /** Days; given and returned as a `Date` at UTC midnight. */
  date: () => column<Date, true>({ kind: 'date' }, true),
  timestamp,
  /** Exact decimal numbers of `precision` digits (1 to 38), `scale` of them behind the point. */
  decimal128: (precision: number, scale: number) =>
    column<string, true>({ kind: 'decimal128', precision, scale }, true),
  json: <V = Json>() => column<V, false>({ kind: 'json' }, false),
})
