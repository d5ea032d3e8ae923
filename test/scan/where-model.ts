// Random `where` conditions, and what they mean for one plain row: three-valued logic, written out.

import { and, not, or } from '#src/format/predicate.js'
import type { Random, Row, World } from './support.js'
import { ownObject } from './support.js'

/** A condition as data: what is given to the engine, and what the model evaluates. */
export type Asked =
  | { readonly kind: 'leaf'; readonly columns: Readonly<Record<string, Readonly<Record<string, unknown>>>> }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Asked[] }
  | { readonly kind: 'not'; readonly part: Asked }

const operators = [
  'eq',
  'ne',
  'gt',
  'gte',
  'lt',
  'lte',
  'in',
  'notIn',
  'between',
  'isNull',
  'startsWith',
  'none',
]

function operandOf(random: Random, world: World, name: string, operator: string): unknown {
  const value = () => world.value(random, name)
  if (operator === 'isNull') return random.chance(0.5)
  if (operator === 'between') return [value(), value()]
  if (operator === 'in' || operator === 'notIn') return Array.from({ length: random.pick([0, 1, 3, 9]) }, value)
  if (operator === 'none') return undefined
  return value()
}

export function randomWhere(random: Random, world: World, depth = 3): Asked {
  if (depth > 0 && random.chance(0.5)) {
    if (random.chance(0.3)) return { kind: 'not', part: randomWhere(random, world, depth - 1) }
    const parts = Array.from({ length: random.below(4) }, () => randomWhere(random, world, depth - 1))
    return { kind: random.pick(['and', 'or'] as const), parts }
  }
  const columns = world.schema.columns.filter(() => random.chance(0.4))
  return {
    kind: 'leaf',
    columns: ownObject(
      columns.map(({ name, type }) => {
        const known = operators.filter((operator) => {
          if (type.kind === 'json') return operator === 'isNull'
          return operator !== 'startsWith' || type.kind === 'utf8'
        })
        const chosen = [random.pick(known), random.pick(known)].slice(random.below(2))
        return [name, ownObject(chosen.map((operator) => [operator, operandOf(random, world, name, operator)]))]
      }),
    ) as Record<string, Record<string, unknown>>,
  }
}

export function whereOf(asked: Asked): object {
  if (asked.kind === 'leaf') return asked.columns
  if (asked.kind === 'not') return not(whereOf(asked.part))
  return (asked.kind === 'and' ? and : or)(...asked.parts.map(whereOf))
}

/** Order of two values of one column: negative, zero, positive. */
export function order(a: unknown, b: unknown, kind: string): number {
  if (kind === 'decimal128')
    return order(BigInt((a as string).replace('.', '')), BigInt((b as string).replace('.', '')), '')
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b as string))
  if (a instanceof Uint8Array) return Buffer.compare(a, b as Uint8Array)
  if (a instanceof Date) return a.getTime() - (b as Date).getTime()
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
  const [x, y] = [a as number, b as number]
  return x < y ? -1 : x > y ? 1 : 0
}

type Truth = boolean | null

const conjunction = (parts: readonly Truth[]): Truth =>
  parts.includes(false) ? false : parts.includes(null) ? null : true
const negation = (truth: Truth): Truth => (truth === null ? null : !truth)

function holds(value: unknown, operator: string, operand: unknown, kind: string): Truth {
  if (operator === 'isNull') return (value === null) === operand
  if (operator === 'in') {
    const members = operand as unknown[]
    if (members.length === 0) return false
    return value === null ? null : members.some((member) => order(value, member, kind) === 0)
  }
  if (operator === 'notIn') return negation(holds(value, 'in', operand, kind))
  if (value === null) return null
  if (operator === 'between') {
    const [least, greatest] = operand as [unknown, unknown]
    return order(value, least, kind) >= 0 && order(value, greatest, kind) <= 0
  }
  if (operator === 'startsWith') return (value as string).startsWith(operand as string)
  const found = order(value, operand, kind)
  switch (operator) {
    case 'eq':
      return found === 0
    case 'ne':
      return found !== 0
    case 'gt':
      return found > 0
    case 'gte':
      return found >= 0
    case 'lt':
      return found < 0
    case 'lte':
      return found <= 0
    default:
      throw new Error(`the model does not know ${operator}`)
  }
}

export function truthOf(asked: Asked, row: Row, world: World): Truth {
  if (asked.kind === 'not') return negation(truthOf(asked.part, row, world))
  if (asked.kind !== 'leaf') {
    const parts = asked.parts.map((part) => truthOf(part, row, world))
    return asked.kind === 'and' ? conjunction(parts) : negation(conjunction(parts.map(negation)))
  }
  return conjunction(
    Object.keys(asked.columns).flatMap((name) => {
      const kind = world.schema.columns[world.schema.indexOf(name)!]!.type.kind
      const conditions = asked.columns[name]!
      return Object.keys(conditions)
        .filter((operator) => conditions[operator] !== undefined)
        .map((operator) => holds(row[name], operator, conditions[operator], kind))
    }),
  )
}
