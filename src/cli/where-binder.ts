// A parsed `--where` condition, for the columns of a table: its names looked up, its constants made values of the
// columns' types, all of it a `where` object as `table.scan` takes it.

import type { Kind } from '../format/column.js'
import type { Columns, RowOf, Where } from '../format/row-types.js'
import type { ColumnJson, SchemaJson } from '../format/schema.js'
import { and, not, or } from '../where.js'
import { UsageError } from './usage-error.js'
import { valueFromText } from './value-text.js'
import { type ColumnName, type Literal, parseWhere, type WhereExpression } from './where-parser.js'
import { whereError } from './where-tokens.js'

/** Conditions on the rows of a table whose columns only its schema at run time knows. */
export type AnyWhere = Where<RowOf<Columns>>

/** Kinds of columns whose constants are written without quotes. */
const numeric: ReadonlySet<string> = new Set([
  'int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'float32', 'float64', 'decimal128',
]) // biome-ignore format: a list

/** Reads a condition on a table. Throws a UsageError that names the place of what is wrong. */
export function whereFromText(schema: SchemaJson, text: string): AnyWhere {
  return new Binder(schema, text).bind(parseWhere(text))
}

class Binder {
  readonly #schema: SchemaJson
  readonly #text: string

  constructor(schema: SchemaJson, text: string) {
    this.#schema = schema
    this.#text = text
  }

  bind(expression: WhereExpression): AnyWhere {
    if (expression.kind === 'not') return not(this.bind(expression.part))
    if ('parts' in expression) {
      const parts = expression.parts.map((part) => this.bind(part))
      return expression.kind === 'and' ? and(...parts) : or(...parts)
    }
    const column = this.#column(expression.column)
    if (expression.kind === 'compare') {
      return conditionOn(column, { [expression.operator]: this.#value(column, expression.value) })
    }
    if (expression.kind === 'isNull') return conditionOn(column, { isNull: !expression.negated })
    if (expression.kind === 'in') {
      const values = expression.values.map((value) => this.#value(column, value))
      return conditionOn(column, expression.negated ? { notIn: values } : { in: values })
    }
    const positive =
      expression.kind === 'between'
        ? { between: [this.#value(column, expression.low), this.#value(column, expression.high)] }
        : { startsWith: this.#prefix(column, expression.column, expression.prefix) }
    const condition = conditionOn(column, positive)
    return expression.negated ? not(condition) : condition
  }

  #column({ name, at }: ColumnName): ColumnJson {
    const column = this.#schema.columns.find((candidate) => candidate.name === name)
    if (column !== undefined) return column
    const names = this.#schema.columns.map((candidate) => candidate.name).join(', ')
    throw whereError(this.#text, at, `there is no column ${name}, but ${names}`)
  }

  #prefix(column: ColumnJson, { at }: ColumnName, prefix: string): string {
    if (column.kind === 'utf8') return prefix
    throw whereError(this.#text, at, `like is for utf8 columns; ${column.name} is ${column.kind}`)
  }

  #value(column: ColumnJson, { kind, text, at }: Literal): unknown {
    if (!fits(kind, text, column.kind)) {
      throw whereError(this.#text, at, `column ${column.name} is ${column.kind}, which this is not`)
    }
    try {
      return valueFromText(column, kind === 'bytes' ? `x'${text}'` : text.replace(/^\+/, ''))
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      throw whereError(this.#text, at, error.message)
    }
  }
}

/** Whether a constant written so can be one of a column's values. */
function fits(literal: Literal['kind'], text: string, column: Kind): boolean {
  if (literal === 'boolean') return column === 'bool'
  if (literal === 'bytes') return column === 'binary'
  if (literal === 'number') return numeric.has(column)
  // NaN and the infinities have no form without quotes.
  if (column.startsWith('float')) return /^(NaN|-?Infinity)$/.test(text)
  return !numeric.has(column) && column !== 'bool' && column !== 'json'
}

/** Made without a prototype's help: a column may be called `__proto__`. */
function conditionOn(column: ColumnJson, condition: Readonly<Record<string, unknown>>): AnyWhere {
  return Object.fromEntries([[column.name, condition]]) as AnyWhere
}
