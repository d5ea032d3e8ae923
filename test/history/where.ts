// Random conditions, and what they mean for one plain row: SQL's three-valued logic, written out.

import { and, not, or } from 'marquetry'
import type { Random } from './random.js'
import type { ColumnInfo } from './tables.js'

/** A condition as data: true, false or null (unknown) for a row. */
export type Asked =
  | { readonly leaf: Readonly<Record<string, Readonly<Record<string, unknown>>>> }
  | { readonly and: readonly Asked[] }
  | { readonly or: readonly Asked[] }
  | { readonly not: Asked }

type Truth = boolean | null
type Row = Readonly<Record<string, unknown>>

/** A value to compare with, near those that the rows have. */
export type ValueOf = (random: Random, column: ColumnInfo) => unknown

export function randomAsked(
  random: Random,
  columns: readonly ColumnInfo[],
  valueFor: ValueOf,
  depth = 2,
): Asked {
  if (depth > 0 && random.chance(0.45)) {
    const part = () => randomAsked(random, columns, valueFor, depth - 1)
    if (random.chance(0.35)) return { not: part() }
    const parts = Array.from({ length: random.weighted([[1, 0], [2, 1], [8, 2], [4, 3]]) }, part) // biome-ignore format: a list
    return random.chance(0.5) ? { and: parts } : { or: parts }
  }
  const chosen = random.shuffled(columns).slice(0, random.weighted([[1, 0], [12, 1], [3, 2]])) // biome-ignore format: a list
  return {
    leaf: Object.fromEntries(chosen.map((column) => [column.name, randomCondition(random, column, valueFor)])),
  }
}

function randomCondition(random: Random, column: ColumnInfo, valueFor: ValueOf): Record<string, unknown> {
  const value = () => valueFor(random, column)
  const { kind } = column.column
  const operators: [string, () => unknown][] = [['isNull', () => random.chance(0.5)]]
  if (kind !== 'json') {
    for (const name of ['eq', 'ne', 'gt', 'gte', 'lt', 'lte']) operators.push([name, value])
    for (const name of ['in', 'notIn']) {
      operators.push([name, () => Array.from({ length: random.pick([0, 1, 2, 5]) }, value)])
    }
    operators.push(['between', () => [value(), value()]])
  }
  if (kind === 'utf8')
    operators.push(['startsWith', () => [...(value() as string)].slice(0, random.below(3)).join('')])
  const chosen = [random.pick(operators), random.pick(operators)].slice(random.chance(0.8) ? 1 : 0)
  return Object.fromEntries(chosen.map(([name, operand]) => [name, operand()]))
}

/** The condition as a caller gives it. */
export function whereOf(asked: Asked): object {
  if ('leaf' in asked) return asked.leaf
  if ('not' in asked) return not(whereOf(asked.not))
  return 'and' in asked ? and(...asked.and.map(whereOf)) : or(...asked.or.map(whereOf))
}

const opposite = (truth: Truth): Truth => (truth === null ? null : !truth)

function all(truths: readonly Truth[]): Truth {
  if (truths.includes(false)) return false
  return truths.includes(null) ? null : true
}

function judge(value: unknown, operator: string, operand: unknown, { meaning }: ColumnInfo): Truth {
  const compare = (other: unknown) => meaning.compare(value as never, meaning.stored(other as never) as never)
  if (operator === 'isNull') return (value === null) === operand
  if (operator === 'notIn') return opposite(judge(value, 'in', operand, { meaning } as ColumnInfo))
  if (operator === 'in' && (operand as unknown[]).length === 0) return false
  if (value === null) return null
  switch (operator) {
    case 'in':
      return (operand as unknown[]).some((member) => compare(member) === 0)
    case 'between': {
      const [least, greatest] = operand as [unknown, unknown]
      return compare(least) >= 0 && compare(greatest) <= 0
    }
    case 'startsWith':
      return (value as string).startsWith(operand as string)
    case 'eq':
      return compare(operand) === 0
    case 'ne':
      return compare(operand) !== 0
    case 'gt':
      return compare(operand) > 0
    case 'gte':
      return compare(operand) >= 0
    case 'lt':
      return compare(operand) < 0
    case 'lte':
      return compare(operand) <= 0
    default:
      throw new Error(`no such operator: ${operator}`)
  }
}

/** Whether the condition holds for a stored row. */
export function truthOf(asked: Asked, row: Row, columns: readonly ColumnInfo[]): Truth {
  if ('not' in asked) return opposite(truthOf(asked.not, row, columns))
  if ('and' in asked) return all(asked.and.map((part) => truthOf(part, row, columns)))
  if ('or' in asked) return opposite(all(asked.or.map((part) => opposite(truthOf(part, row, columns)))))
  return all(
    Object.entries(asked.leaf).flatMap(([name, conditions]) => {
      const column = columns.find((candidate) => candidate.name === name)!
      return Object.entries(conditions).map(([operator, operand]) =>
        judge(row[name], operator, operand, column),
      )
    }),
  )
}
