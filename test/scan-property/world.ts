// Columns, values and conditions for random databases, and what they mean: written out once more, plainly.

import { order } from '../scan/where-model.js'

export type Row = Record<string, unknown>
export type Truth = boolean | null

/** Random choices of one database. */
export class Choices {
  readonly #random: () => number

  constructor(random: () => number) {
    this.#random = random
  }

  below(n: number): number {
    return Math.floor(this.#random() * n)
  }

  between(least: number, greatest: number): number {
    return least + this.below(greatest - least + 1)
  }

  chance(p: number): boolean {
    return this.#random() < p
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!
  }
}

/** A value column: its kind, and values for the row with number `k`, often near those of its neighbours. */
export interface ValueColumn {
  readonly name: string
  readonly kind: string
  readonly value: (choices: Choices, k: number) => unknown
}

const longBeginning = 'x'.repeat(70) // beyond where Parquet cuts its bounds
const texts = [
  '',
  'a',
  'ab',
  'abc',
  'b',
  'é',
  '\u{ffff}',
  '\u{1f600}',
  longBeginning,
  `${longBeginning}a`,
  `${longBeginning}b`,
]

export const valueColumns: readonly ValueColumn[] = [
  { name: 'n', kind: 'int32', value: (c, k) => Math.floor(k / 16) + c.below(3) - 1 },
  {
    name: 'f',
    kind: 'float64',
    value: (c, k) => (c.chance(0.85) ? k / 8 : c.pick([Number.NaN, -0, 0, 1 / 0, -1 / 0])),
  },
  {
    name: 'g',
    kind: 'float32',
    value: (c, k) => (c.chance(0.9) ? Math.fround(k / 10) : c.pick([Number.NaN, -0])),
  },
  {
    name: 's',
    kind: 'utf8',
    value: (c, k) => (c.chance(0.6) ? `r${String(k >> 3).padStart(3, '0')}` : c.pick(texts)),
  },
  {
    name: 'i',
    kind: 'int64',
    value: (c, k) => (c.chance(0.9) ? BigInt(k - 20) : c.pick([2n ** 63n - 1n, -(2n ** 63n)])),
  },
  { name: 'u', kind: 'uint32', value: (c, k) => (c.chance(0.9) ? k : 2 ** 32 - 1) },
  {
    name: 'm',
    kind: 'decimal128',
    value: (c, k) => `${c.chance(0.2) ? '-' : ''}${k + 1}.${c.pick(['00', '50'])}`,
  },
  { name: 'b', kind: 'bool', value: (c, k) => (c.chance(0.9) ? k % 32 < 16 : c.chance(0.5)) },
]

/** Distinct values without exceptions: the writer gives up its dictionary, and pages have narrow bounds. */
export const steadyColumn: ValueColumn = { name: 'w', kind: 'int64', value: (_, k) => BigInt(k) }

/** A condition as data. */
export type Asked =
  | {
      readonly kind: 'leaf'
      readonly column: ValueColumn
      readonly operator: string
      readonly operand: unknown
    }
  | { readonly kind: 'and'; readonly parts: readonly Asked[] }
  | { readonly kind: 'or'; readonly parts: readonly Asked[] }
  | { readonly kind: 'not'; readonly part: Asked }

const comparisons = ['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'notIn', 'between', 'isNull']

export function randomWhere(choices: Choices, columns: readonly ValueColumn[], keys: number, depth = 2): Asked {
  if (depth > 0 && choices.chance(0.4)) {
    if (choices.chance(0.25)) return { kind: 'not', part: randomWhere(choices, columns, keys, depth - 1) }
    const parts = Array.from({ length: choices.below(4) }, () => randomWhere(choices, columns, keys, depth - 1))
    return { kind: choices.pick(['and', 'or']), parts }
  }
  const column = choices.pick(columns)
  const value = () => column.value(choices, choices.below(keys))
  const operator = choices.pick(
    column.kind === 'utf8' ? [...comparisons, 'startsWith', 'startsWith'] : comparisons,
  )
  const leaf = (operand: unknown): Asked => ({ kind: 'leaf', column, operator, operand })
  if (operator === 'isNull') return leaf(choices.chance(0.5))
  if (operator === 'between') return leaf([value(), value()])
  if (operator === 'in' || operator === 'notIn')
    return leaf(Array.from({ length: choices.pick([0, 1, 2, 7]) }, value))
  if (operator === 'startsWith')
    return leaf([...(value() as string)].slice(0, choices.pick([0, 1, 2, 3, 70])).join(''))
  return leaf(value())
}

const all = (truths: readonly Truth[]): Truth =>
  truths.includes(false) ? false : truths.includes(null) ? null : true
const opposite = (truth: Truth): Truth => (truth === null ? null : !truth)

export function truthOf(asked: Asked, row: Row): Truth {
  if (asked.kind === 'not') return opposite(truthOf(asked.part, row))
  if (asked.kind === 'and') return all(asked.parts.map((part) => truthOf(part, row)))
  if (asked.kind === 'or') return opposite(all(asked.parts.map((part) => opposite(truthOf(part, row)))))
  return holds(row[asked.column.name], asked.operator, asked.operand, asked.column.kind)
}

function holds(value: unknown, operator: string, operand: unknown, kind: string): Truth {
  const compare = (other: unknown) =>
    typeof value === 'bigint'
      ? Number(value > (other as bigint)) - Number(value < (other as bigint))
      : order(value, other, kind)
  if (operator === 'isNull') return (value === null) === operand
  if (operator === 'notIn') return opposite(holds(value, 'in', operand, kind))
  if (operator === 'in' && (operand as unknown[]).length === 0) return false
  if (value === null) return null
  if (operator === 'in') return (operand as unknown[]).some((member) => compare(member) === 0)
  if (operator === 'startsWith') return (value as string).startsWith(operand as string)
  if (operator === 'between') {
    const [least, greatest] = operand as [unknown, unknown]
    return compare(least) >= 0 && compare(greatest) <= 0
  }
  const found = compare(operand)
  const tests: Record<string, boolean> = {
    eq: found === 0,
    ne: found !== 0,
    gt: found > 0,
    gte: found >= 0,
    lt: found < 0,
    lte: found <= 0,
  }
  return tests[operator]!
}

/** A row's columns as text, so that NaN, −0 and bigints compare. */
export function textOf(row: Row, names: readonly string[]): string {
  return names
    .map((name) => {
      const value = row[name]
      return Object.is(value, -0)
        ? '-0'
        : typeof value === 'string'
          ? JSON.stringify(value)
          : `${value}${typeof value === 'bigint' ? 'n' : ''}`
    })
    .join(' ')
}
