// What a declared schema means to the TypeScript compiler: the types of its rows, keys, bounds and conditions.
// Types only, nothing of this file exists at run time. `test/types/api-types.ts` holds what must and must not compile.
//
// 1. C is always the columns as an object type, K the tuple of key names in key order.
// 2. A schema that is not known at compile time has C = Columns and K = readonly string[]: rows are then
//    `{ [name: string]: unknown }`, keys and bounds `unknown`, and all checks happen at run time.
// 3. Option properties say `| undefined`, so that an explicit undefined is accepted under exactOptionalPropertyTypes.

import type { Column } from './column.js'

/** Columns by name: what `t` makes, or any object of such. */
export type Columns = { readonly [name: string]: Column }

/** Columns as pairs of name and type, for names whose order an object would lose (`'1'`, `'2'`). */
export type ColumnPairs = readonly (readonly [name: string, column: Column])[]

/** Columns as a user may give them. */
export type ColumnsInput = Columns | ColumnPairs

/** Columns as an object type, however they were given. */
export type ColumnsOf<C extends ColumnsInput> = C extends ColumnPairs
  ? { readonly [Pair in C[number] as Pair[0]]: Pair[1] }
  : C extends Columns
    ? C
    : never

/** Writes an intersection out as one object type, so that editors show properties and not their derivation. */
export type Show<T> = { [N in keyof T]: T[N] } & {}

/** The type of a column's values in JavaScript; nullable columns include null. */
export type Value<C> = C extends Column<infer V, boolean, boolean> ? V : never

/** A row as it is read: every column is present, nullable ones may be null. */
export type RowOf<C extends Columns> = Show<{ -readonly [N in keyof C]: Value<C[N]> }>

/** A row as it is read with only the columns P: what `columns` of a get or a scan leaves. */
export type Projected<C extends Columns, P extends keyof C> = Show<Pick<RowOf<C>, P>>

type NullableName<C extends Columns> = {
  [N in keyof C]: C[N] extends Column<unknown, boolean, true> ? N : never
}[keyof C]

/** A row as it is written: nullable columns may be left out, which means null. */
export type RowInput<C extends Columns> = Show<
  { readonly [N in Exclude<keyof C, NullableName<C>>]: Value<C[N]> } & {
    readonly [N in NullableName<C>]?: Value<C[N]> | undefined
  }
>

/** Names of the columns that may be in a key: not nullable, not float, not json. */
export type KeyName<C extends Columns> = string extends keyof C
  ? string
  : { [N in keyof C & string]: C[N] extends Column<unknown, true, false> ? N : never }[keyof C & string]

/** The names of a key, in key order: one or more. */
export type KeyNames<C extends Columns> = readonly [KeyName<C>, ...KeyName<C>[]]

/** What `db.table` takes: the columns and which of them, in which order, are the key. */
export interface TableSchema<C extends ColumnsInput, K extends readonly string[]> {
  /** By name, or as `[name, type]` pairs where their order matters. */
  readonly columns: C
  readonly key: K
}

type KeyTuple<C extends Columns, K extends readonly string[]> = {
  readonly [I in keyof K]: Value<C[K[I]]>
}

/** A key: the plain value for a one-column key, otherwise an array of the key columns' values. */
export type KeyOf<C extends Columns, K extends readonly string[]> = number extends K['length']
  ? unknown
  : KeyTuple<C, K> extends readonly [infer Only]
    ? Only
    : KeyTuple<C, K>

/** All proper prefixes of a tuple that have at least one element. */
export type Prefixes<T extends readonly unknown[]> = T extends readonly [...infer Head, unknown]
  ? Head extends readonly []
    ? never
    : Readonly<Head> | Prefixes<Head>
  : never

/** One end of a range of keys: a whole key, or some of its leading columns. */
export type Bound<C extends Columns, K extends readonly string[]> = number extends K['length']
  ? unknown
  : KeyOf<C, K> | Prefixes<KeyTuple<C, K>>

/** The last part of a prefix may say how the column's value begins; utf8 and binary columns only. */
export interface StartsWith<V extends string | Uint8Array> {
  readonly startsWith: V
}

type Opened<V> = V extends string ? StartsWith<string> : V extends Uint8Array ? StartsWith<Uint8Array> : never

type OpenPrefixes<T extends readonly unknown[]> = T extends readonly [...infer Head, infer Last]
  ?
      | ([Opened<Last>] extends [never] ? never : readonly [...Head, Opened<Last>])
      | (Head extends readonly [] ? never : OpenPrefixes<Head>)
  : never

/**
 * What all keys of a scan have in common: their leading columns' values, the last of which may be `{ startsWith }`.
 * For a one-column key it is a plain `{ startsWith }`, since equality there is a `get`.
 */
export type KeyPrefix<C extends Columns, K extends readonly string[]> = number extends K['length']
  ? unknown
  : KeyTuple<C, K> extends readonly [infer Only]
    ? Opened<Only>
    : Prefixes<KeyTuple<C, K>> | OpenPrefixes<KeyTuple<C, K>>

/**
 * A range of keys. A bound that is a prefix of the key stands for all keys that begin with it: `gt` starts after the
 * last of them, `lte` ends after it. `gt` excludes `gte`, `lt` excludes `lte`.
 */
export interface KeyRangeOptions<C extends Columns, K extends readonly string[]> {
  readonly gt?: Bound<C, K> | undefined
  readonly gte?: Bound<C, K> | undefined
  readonly lt?: Bound<C, K> | undefined
  readonly lte?: Bound<C, K> | undefined
  readonly prefix?: KeyPrefix<C, K> | undefined
}

/** Comparisons of a column with constants; several in one object must all hold. A null satisfies none of them. */
export interface Comparison<V> {
  readonly eq?: V | undefined
  readonly ne?: V | undefined
  readonly gt?: V | undefined
  readonly gte?: V | undefined
  readonly lt?: V | undefined
  readonly lte?: V | undefined
  readonly in?: readonly V[] | undefined
  readonly notIn?: readonly V[] | undefined
  /** Both ends included. */
  readonly between?: readonly [V, V] | undefined
}

interface TextComparison extends Comparison<string> {
  readonly startsWith?: string | undefined
}

type Compared<V> = [V] extends [string]
  ? TextComparison
  : [V] extends [number | bigint | boolean | Date | Uint8Array]
    ? Comparison<V>
    : unknown // json has no order

type Nullness<V> = null extends V ? { readonly isNull?: boolean | undefined } : { readonly isNull?: never }

/** What may be asked of one column with values V: comparisons, `startsWith` for strings, `isNull` where it may be. */
export type Condition<V> = unknown extends V
  ? Comparison<unknown> & { readonly startsWith?: unknown; readonly isNull?: boolean | undefined }
  : Compared<NonNullable<V>> & Nullness<V>

declare const combined: unique symbol

/** What `and`, `or` and `not` return: a condition on rows of type R that is passed as a `where`, never looked into. */
export interface Combined<R> {
  /** Carries R for the compiler; never present at run time. */
  readonly [combined]: (row: R) => void
}

/** Which rows to keep: conditions by column, all of which must hold, or what `and`, `or`, `not` made of such. */
export type Where<R> = { readonly [N in keyof R]?: Condition<R[N]> | undefined } | Combined<R>

/** The state of the database at one moment, for any number of reads. Close it: compaction keeps what it can see. */
export interface Snapshot extends Disposable {
  /** All writes up to this sequence number are seen, none after. */
  readonly seq: number
  /** Idempotent; reads that have begun go on. */
  close(): void
}

/** What reads of any kind take. P are the columns to return, all by default. */
export interface ReadOptions<C extends Columns, P extends keyof C> {
  readonly columns?: readonly P[] | undefined
  /** Read as of this snapshot; by default as of the moment at which the read begins. */
  readonly snapshot?: Snapshot | undefined
}

/** What a scan takes: which keys, which rows of these, which columns, in which direction, how many. */
export interface ScanOptions<C extends Columns, K extends readonly string[], P extends keyof C>
  extends KeyRangeOptions<C, K>,
    ReadOptions<C, P> {
  readonly where?: Where<RowOf<C>> | undefined
  /** At most so many rows, counted after `where`. */
  readonly limit?: number | undefined
  /** Descending key order. */
  readonly reverse?: boolean | undefined
  /** Ends the scan with an `AbortError`. */
  readonly signal?: AbortSignal | undefined
}

/** Writes a row, replacing the one with its key. */
export interface PutOperation<C extends Columns> {
  readonly type: 'put'
  readonly row: RowInput<C>
}

/** Removes the row with this key, if there is one. */
export interface DeleteOperation<C extends Columns, K extends readonly string[]> {
  readonly type: 'delete'
  readonly key: KeyOf<C, K>
}

/** One step of a batch. */
export type BatchOperation<C extends Columns, K extends readonly string[]> =
  | PutOperation<C>
  | DeleteOperation<C, K>

export declare const types: unique symbol

/** Ties a table's schema to its type, for `Row`, `Key` and their like. */
export interface TypesOfTable<C extends Columns, K extends readonly string[]> {
  readonly columns: C
  readonly key: K
}

/** What any table has, whatever its schema: take `T extends AnyTable` in generic code. */
export interface AnyTable {
  readonly name: string
  /** Carries the schema for the compiler; never present at run time. */
  readonly [types]?: TypesOfTable<Columns, readonly string[]>
  /** See `Table.flush`. */
  flush(): Promise<void>
}

type ColumnsIn<T extends AnyTable> = NonNullable<T[typeof types]>['columns']
type KeyIn<T extends AnyTable> = NonNullable<T[typeof types]>['key']

/** The rows that a table returns: `Row<typeof flights>`. */
export type Row<T extends AnyTable> = RowOf<ColumnsIn<T>>

/** The rows that a table's `put` takes: as `Row`, but nullable columns may be left out. */
export type RowInputOf<T extends AnyTable> = RowInput<ColumnsIn<T>>

/** A table's keys. */
export type Key<T extends AnyTable> = KeyOf<ColumnsIn<T>, KeyIn<T>>

/** The options of a table's scans, for functions that build them. */
export type ScanOptionsOf<T extends AnyTable> = ScanOptions<ColumnsIn<T>, KeyIn<T>, keyof ColumnsIn<T>>

/** The conditions on a table's rows. */
export type WhereOf<T extends AnyTable> = Where<Row<T>>

/** The steps of a table's batches. */
export type BatchOperationOf<T extends AnyTable> = BatchOperation<ColumnsIn<T>, KeyIn<T>>
