// Random scans, as the engine is asked for them and as the model answers them.

import { inspect } from 'node:util'
import type { Model, ModelRow, State } from './model.js'
import type { Random } from './random.js'
import { type Asked, randomAsked, truthOf, whereOf } from './where.js'

/** Leading parts of a key, the last of which may be the beginning of a value. */
type Parts = readonly unknown[]

interface Range {
  readonly gt?: Parts
  readonly gte?: Parts
  readonly lt?: Parts
  readonly lte?: Parts
  readonly prefix?: Parts
}

export interface Query {
  readonly range: Range
  readonly asked: Asked | undefined
  readonly reverse: boolean | undefined
  readonly limit: number | undefined
  /** As given; the engine answers in the order of the schema, each once. */
  readonly columns: readonly string[] | undefined
}

export const everything: Query = {
  range: {},
  asked: undefined,
  reverse: undefined,
  limit: undefined,
  columns: undefined,
}

export function randomQuery(random: Random, model: Model): Query {
  const names = model.columns.map(({ name }) => name)
  return {
    range: random.chance(0.35) ? {} : randomRange(random, model),
    asked: random.chance(0.55)
      ? undefined
      : randomAsked(random, model.columns, (r, column) => model.value(r, column)),
    reverse: random.pick([undefined, false, true, true]),
    limit: random.weighted([[6, undefined], [1, 0], [1, 1], [2, random.below(20)], [1, random.below(400)], [0.3, Infinity]]), // biome-ignore format: a list
    columns: random.chance(0.5)
      ? undefined
      : [...random.shuffled(names).slice(0, random.below(4)), ...(random.chance(0.1) ? names.slice(0, 1) : [])],
  }
}

function randomRange(random: Random, model: Model): Range {
  const range: { -readonly [N in keyof Range]: Range[N] } = {}
  if (random.chance(0.5)) range[random.chance(0.5) ? 'gt' : 'gte'] = boundParts(random, model)
  if (random.chance(0.5)) range[random.chance(0.5) ? 'lt' : 'lte'] = boundParts(random, model)
  if (range.gt === undefined && range.gte === undefined ? random.chance(0.5) : random.chance(0.1)) {
    const prefix = prefixParts(random, model)
    if (prefix !== undefined) range.prefix = prefix
  }
  return range
}

/** Leading parts of some key, with now and then a last part that perhaps no key has. */
function boundParts(random: Random, model: Model): Parts {
  const { keyColumns, keys } = model
  const parts = random
    .pick(keys)
    .slice(0, random.chance(0.5) ? keyColumns.length : random.between(1, keyColumns.length))
  if (random.chance(0.2)) return [...parts.slice(0, -1), model.value(random, keyColumns[parts.length - 1]!)]
  return parts
}

function prefixParts(random: Random, model: Model): Parts | undefined {
  const { keyColumns } = model
  const parts = boundParts(random, model)
  const last = parts[parts.length - 1]
  const { kind } = keyColumns[parts.length - 1]!.column
  if ((kind === 'utf8' || kind === 'binary') && (keyColumns.length === 1 || random.chance(0.7))) {
    const startsWith =
      kind === 'utf8'
        ? [...(last as string)].slice(0, random.below(3)).join('')
        : (last as Uint8Array).slice(0, random.below(3))
    return [...parts.slice(0, -1), { startsWith }]
  }
  return keyColumns.length === 1 ? undefined : parts
}

/** The options of the scan that asks this. */
export function optionsOf(query: Query, model: Model): object {
  const { range, asked, ...options } = query
  const bounds = Object.entries(range).map(([name, parts]) => [name, model.asKey(parts)])
  return { ...Object.fromEntries(bounds), ...options, where: asked && whereOf(asked) }
}

/** The columns of the answer. */
export function namesOf(query: Query, model: Model): string[] {
  const names = model.columns.map(({ name }) => name)
  return query.columns === undefined ? names : names.filter((name) => query.columns?.includes(name))
}

/** The rows of the answer, in order. */
export function answer(query: Query, model: Model, state: State): ModelRow[] {
  const { range, asked, reverse, limit } = query
  const rows = state
    .sorted()
    .filter(({ key }) => isWithin(range, key, model))
    .filter(({ row }) => asked === undefined || truthOf(asked, row, model.columns) === true)
  if (reverse) rows.reverse()
  return limit === undefined ? rows : rows.slice(0, limit)
}

function isWithin({ gt, gte, lt, lte, prefix }: Range, key: Parts, model: Model): boolean {
  if (gt !== undefined && model.compareKeys(key, gt) <= 0) return false
  if (gte !== undefined && model.compareKeys(key, gte) < 0) return false
  if (lt !== undefined && model.compareKeys(key, lt) >= 0) return false
  if (lte !== undefined && model.compareKeys(key, lte) > 0) return false
  return prefix === undefined || hasPrefix(prefix, key, model)
}

function hasPrefix(prefix: Parts, key: Parts, model: Model): boolean {
  const last = prefix[prefix.length - 1]
  if (typeof last !== 'object' || last === null || !('startsWith' in last))
    return model.compareKeys(key, prefix) === 0
  const whole = prefix.slice(0, -1)
  return model.compareKeys(key, whole) === 0 && begins(key[whole.length], last.startsWith)
}

function begins(value: unknown, start: unknown): boolean {
  if (typeof start === 'string') return (value as string).startsWith(start)
  const bytes = start as Uint8Array
  return Buffer.compare((value as Uint8Array).subarray(0, bytes.length), bytes) === 0
}

/** The query as text, for whoever has to find out what went wrong. */
export function describeQuery({ range, asked, ...options }: Query): string {
  const given = Object.entries({ ...range, where: asked, ...options }).filter(
    ([, value]) => value !== undefined,
  )
  return inspect(Object.fromEntries(given), {
    depth: 9,
    compact: true,
    breakLength: Infinity,
    maxStringLength: 60,
  })
}
