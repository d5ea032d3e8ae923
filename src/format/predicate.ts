// Which rows a scan wants: `where` as users write it, checked and compiled into loops over columns.
//
// SQL's three-valued logic: a comparison with null is unknown, `not` of unknown is unknown, and only rows that are
// truly wanted pass. `isNull` is never unknown. `in: []` is false and so `notIn: []` is true, for nulls too: with no
// value to compare with, nothing is unknown. Strings compare by their UTF-8 bytes; NaN equals itself and is above
// +Infinity; -0 equals 0. A constant is first made what a stored value would be: a float32 column rounds it.

import { MarquetryError } from '../errors.js'
import { assert } from '../util/assert.js'
import { ByteSink } from '../util/byte-sink.js'
import type { Batch, Projection } from './batch.js'
import { compareColumns } from './compare.js'
import { judge, judgeMembers, judgePrefix, no, unknown, type Verdicts, yes } from './predicate-kernels.js'
import type { Schema, SchemaColumn } from './schema.js'
import type { TypeCodec } from './type-codec.js'
import type { Vector } from './vector.js'

/** How a column is compared with one constant. */
export type Comparison = 'eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte'

/**
 * A checked condition as plain data; columns are schema columns. Constants are vectors of the column's layout:
 * one row for `compare`, sorted and distinct for `in`. `notIn` and `between` are made of the others.
 */
export type Condition =
  | { readonly kind: 'always'; readonly holds: boolean }
  | {
      readonly kind: 'compare'
      readonly column: number
      readonly operator: Comparison
      readonly constant: Vector
    }
  | { readonly kind: 'in'; readonly column: number; readonly constants: Vector }
  | { readonly kind: 'startsWith'; readonly column: number; readonly prefix: Uint8Array }
  | { readonly kind: 'isNull'; readonly column: number; readonly holds: boolean }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Condition[] }
  | { readonly kind: 'not'; readonly part: Condition }

/** A compiled `where`. */
export interface Predicate {
  /** The schema columns it reads. */
  readonly columns: Projection
  /** What it asks, for those who plan: a source that cannot hold a wanted row need not be read. */
  readonly condition: Condition
  /**
   * The rows that pass, ascending. `projection` says which schema columns the batch holds.
   * Requires: no row is a tombstone, since their values are not to be judged.
   */
  evaluate(batch: Batch, projection: Projection): Uint32Array
}

/** What `and`, `or` and `not` return: only `compileWhere` looks into it. */
class Combination {
  readonly #kind: 'and' | 'or' | 'not'
  readonly #parts: readonly unknown[]

  constructor(kind: 'and' | 'or' | 'not', parts: readonly unknown[]) {
    this.#kind = kind
    this.#parts = parts
    Object.freeze(this)
  }

  static compile(combination: Combination, schema: Schema): Condition {
    const parts = combination.#parts.map((part) => conditionOf(schema, part))
    return combination.#kind === 'not' ? { kind: 'not', part: parts[0]! } : { kind: combination.#kind, parts }
  }
}

/** All of them; of none: true. */
export function and(...where: readonly unknown[]): object {
  return new Combination('and', where)
}

/** Any of them; of none: false. */
export function or(...where: readonly unknown[]): object {
  return new Combination('or', where)
}

/** The opposite; of unknown: unknown. */
export function not(where: unknown): object {
  return new Combination('not', [where])
}

/**
 * Checks a `where` at once and compiles it. Whatever the caller changes in it afterwards has no effect.
 * Throws MARQUETRY_INVALID_OPTION that names the column and the operator.
 */
export function compileWhere(schema: Schema, where: unknown): Predicate {
  const condition: Condition =
    where === undefined ? { kind: 'always', holds: true } : conditionOf(schema, where)
  return predicateOf(condition)
}

/** A condition that was checked before, or a part of one, as a predicate of its own. */
export function predicateOf(condition: Condition): Predicate {
  const found = new Set<number>()
  addColumns(condition, found)
  return {
    columns: [...found].sort((a, b) => a - b),
    condition,
    evaluate: (batch, projection) => rowsThatHold(verdictsOf(condition, batch, projection)),
  }
}

function addColumns(condition: Condition, into: Set<number>): void {
  if ('column' in condition) into.add(condition.column)
  else if ('parts' in condition) for (const part of condition.parts) addColumns(part, into)
  else if (condition.kind === 'not') addColumns(condition.part, into)
}

// From what the user wrote to a condition.

function invalid(message: string, column?: string): MarquetryError {
  return new MarquetryError('MARQUETRY_INVALID_OPTION', `where: ${message}`, {
    option: 'where',
    ...(column === undefined ? {} : { column }),
  })
}

/** Whether its own properties say all there is: not so for a Date, an array or a Combination, which look empty. */
function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return Object.prototype.toString.call(value) === '[object Object]' && !(value instanceof Combination)
}

function allOf(parts: readonly Condition[]): Condition {
  return parts.length === 1 ? parts[0]! : { kind: 'and', parts }
}

function conditionOf(schema: Schema, where: unknown): Condition {
  if (where instanceof Combination) return Combination.compile(where, schema)
  if (!isRecord(where)) throw invalid('must be an object of conditions, or made by and(), or(), not()')
  const parts: Condition[] = []
  for (const name of Object.keys(where)) {
    const asked = where[name]
    if (asked === undefined) continue
    const index = schema.indexOf(name)
    if (index === undefined) throw invalid(`there is no column ${JSON.stringify(name)}`, name)
    if (!isRecord(asked)) {
      throw invalid(`column ${JSON.stringify(name)} takes an object such as { eq: … }`, name)
    }
    for (const operator of Object.keys(asked)) {
      const operand = asked[operator]
      if (operand !== undefined) parts.push(operation(schema.columns[index]!, index, operator, operand))
    }
  }
  return allOf(parts)
}

function operation(column: SchemaColumn, index: number, operator: string, operand: unknown): Condition {
  const refuse = (expects: string) =>
    invalid(`column ${JSON.stringify(column.name)}, operator ${operator}: expects ${expects}`, column.name)
  const list = (count?: number): readonly unknown[] => {
    if (Array.isArray(operand) && (count === undefined || operand.length === count)) return operand
    throw refuse(count === undefined ? 'an array of values' : 'an array [least, greatest]')
  }
  const encode = (values: readonly unknown[]) => constants(column.codec, values, refuse)
  const compare = (comparison: Comparison, value: unknown): Condition => {
    return { kind: 'compare', column: index, operator: comparison, constant: encode([value]) }
  }
  if (operator === 'isNull') {
    if (typeof operand !== 'boolean') throw refuse('true or false')
    return { kind: 'isNull', column: index, holds: operand }
  }
  if (!Object.hasOwn(operators, operator)) {
    throw invalid(
      `column ${JSON.stringify(column.name)}: there is no operator ${JSON.stringify(operator)}`,
      column.name,
    )
  }
  if (column.type.kind === 'json') throw refuse('another type: json columns only know isNull')
  switch (operator) {
    case 'in':
    case 'notIn': {
      const values = list()
      const part: Condition =
        values.length === 0
          ? { kind: 'always', holds: false }
          : { kind: 'in', column: index, constants: sortedConstants(values, encode) }
      return operator === 'in' ? part : { kind: 'not', part }
    }
    case 'between': {
      const [least, greatest] = list(2)
      return { kind: 'and', parts: [compare('gte', least), compare('lte', greatest)] }
    }
    case 'startsWith': {
      if (column.type.kind !== 'utf8') throw refuse(`a utf8 column; this one is ${column.type.kind}`)
      return { kind: 'startsWith', column: index, prefix: encode([operand]).values as Uint8Array }
    }
    default:
      return compare(operator as Comparison, operand)
  }
}

/** The values as a vector, as if they had been stored. */
function constants(codec: TypeCodec, values: readonly unknown[], refuse: (expects: string) => Error): Vector {
  const sink = new ByteSink(64)
  const starts = new Uint32Array(values.length)
  const ends = new Uint32Array(values.length)
  for (let i = 0; i < values.length; i++) {
    const at = sink.reserve(codec.rowBytes)
    if (!codec.writeRow(sink, at, values[i])) {
      const hint = values[i] === null ? '; for null there is isNull' : ''
      throw refuse(`${codec.expects}${hint}`)
    }
    if (codec.rowBytes > 0) sink.length = at + codec.rowBytes
    starts[i] = at
    ends[i] = sink.length
  }
  return codec.fromRows(sink.bytes, starts, ends, undefined)
}

function sortedConstants(values: readonly unknown[], encode: (values: readonly unknown[]) => Vector): Vector {
  const unsorted = encode(values)
  const compare = compareColumns(unsorted, unsorted)
  const order = Array.from(values.keys()).sort(compare)
  return encode(
    order.filter((row, i) => i === 0 || compare(order[i - 1]!, row) !== 0).map((row) => values[row]),
  )
}

// From a condition to verdicts.

const operators: Readonly<Record<string, Verdicts | undefined>> = {
  eq: { below: no, same: yes, above: no },
  ne: { below: yes, same: no, above: yes },
  gt: { below: no, same: no, above: yes },
  gte: { below: no, same: yes, above: yes },
  lt: { below: yes, same: no, above: no },
  lte: { below: yes, same: yes, above: no },
  in: undefined,
  notIn: undefined,
  between: undefined,
  startsWith: undefined,
}

/** A verdict per row, in memory of its own. */
function verdictsOf(condition: Condition, batch: Batch, projection: Projection): Uint8Array {
  const out = new Uint8Array(batch.rows)
  if ('column' in condition) {
    const position = projection.indexOf(condition.column)
    assert(position >= 0, 'the batch holds the columns that the predicate reads')
    judgeColumn(condition, batch.columns[position]!, out)
    return out
  }
  if (condition.kind === 'always') return condition.holds ? out.fill(yes) : out
  if (condition.kind === 'not') {
    const part = verdictsOf(condition.part, batch, projection)
    for (let i = 0; i < part.length; i++) part[i] = yes - part[i]!
    return part
  }
  const isAnd = condition.kind === 'and'
  const [first, ...rest] = condition.parts
  if (first === undefined) return isAnd ? out.fill(yes) : out
  const verdicts = verdictsOf(first, batch, projection)
  for (const part of rest) {
    const others = verdictsOf(part, batch, projection)
    if (isAnd) keepLesser(verdicts, others)
    else keepGreater(verdicts, others)
  }
  return verdicts
}

function judgeColumn(condition: Extract<Condition, { column: number }>, vector: Vector, out: Uint8Array): void {
  const { valid } = vector
  if (condition.kind === 'isNull') {
    const { holds } = condition
    if (valid === undefined) out.fill(holds ? no : yes)
    else for (let i = 0; i < out.length; i++) out[i] = (valid[i] === 0) === holds ? yes : no
    return
  }
  if (condition.kind === 'compare') judge(vector, condition.constant, operators[condition.operator]!, out)
  else if (condition.kind === 'in') judgeMembers(vector, condition.constants, out)
  else judgePrefix(vector, condition.prefix, out)
  if (valid !== undefined) for (let i = 0; i < out.length; i++) if (valid[i] === 0) out[i] = unknown
}

function keepLesser(into: Uint8Array, others: Uint8Array): void {
  for (let i = 0; i < into.length; i++) if (others[i]! < into[i]!) into[i] = others[i]!
}

function keepGreater(into: Uint8Array, others: Uint8Array): void {
  for (let i = 0; i < into.length; i++) if (others[i]! > into[i]!) into[i] = others[i]!
}

function rowsThatHold(verdicts: Uint8Array): Uint32Array {
  let count = 0
  for (let i = 0; i < verdicts.length; i++) count += verdicts[i]! >> 1
  const rows = new Uint32Array(count)
  if (count === 0) return rows
  for (let i = 0, at = 0; at < count; i++) {
    rows[at] = i
    at += verdicts[i]! >> 1
  }
  return rows
}
