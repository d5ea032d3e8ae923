// A predicate in steps: what has to hold, one group of columns after the other, the cheap ones first. Who reads columns of
// rows that passed so far needs the expensive ones for fewer rows.

import { type Condition, type Predicate, predicateOf } from './predicate.js'
import type { Schema } from './schema.js'
import type { Layout } from './vector.js'

/** What it takes to decode and judge a row of a column: about nanoseconds. */
const costs: Readonly<Record<Layout, number>> = {
  bool: 1,
  int8: 2,
  int16: 2,
  uint8: 2,
  uint16: 2,
  int32: 2,
  uint32: 3,
  float32: 3,
  float64: 3,
  int64: 4,
  int128: 15,
  bytes: 25,
}

/** Predicates that together are `predicate`, cheapest first, those that read the same columns as one. */
export function conjuncts(schema: Schema, predicate: Predicate): readonly Predicate[] {
  const byColumns = new Map<string, Condition[]>()
  for (const part of flattened(predicate.condition)) {
    const key = predicateOf(part).columns.join()
    byColumns.set(key, [...(byColumns.get(key) ?? []), part])
  }
  const steps = [...byColumns.values()].map((parts) =>
    predicateOf(parts.length === 1 ? parts[0]! : { kind: 'and', parts }),
  )
  const cost = ({ columns }: Predicate) =>
    columns.reduce((sum, column) => sum + costs[schema.columns[column]!.codec.layout], 0)
  return steps.sort((a, b) => cost(a) - cost(b))
}

function flattened(condition: Condition): readonly Condition[] {
  return condition.kind === 'and' ? condition.parts.flatMap(flattened) : [condition]
}
