// What a predicate can say of rows that were not read, from bounds of their columns.
//
// A condition is judged as for a row (no < unknown < yes), but with the set of all verdicts that rows within the bounds
// may get. Sets are taken wider than they are wherever that is simpler, never narrower: bounds may be loose, and the parts of
// an `and` are taken to be independent. So "no row can pass" and "every row passes" are facts, all else is "read it".

import { compareColumns } from './compare.js'
import type { Comparison, Condition, Predicate } from './predicate.js'
import { no, unknown, type Verdict, type Verdicts, yes } from './predicate-kernels.js'
import type { Vector } from './vector.js'

/** What is known of a column's values in a stretch of rows. */
export interface ColumnBounds {
  /** One row: no value is below it. Undefined: not known. */
  readonly least: Vector | undefined
  /** One row: no value is above it, NaN aside, which is above all and may always be there. Undefined: not known. */
  readonly greatest: Vector | undefined
  /** `some`: there may be nulls. */
  readonly nulls: 'none' | 'some' | 'all'
}

/** What holds for rows within bounds: no row passes, every row does, or some may. */
export type Outlook = 'none' | 'some' | 'all'

/** Bounds of which nothing is known. */
export const unbounded: ColumnBounds = { least: undefined, greatest: undefined, nulls: 'some' }

/** What the predicate makes of rows whose columns have these bounds. */
export function outlook({ condition }: Predicate, boundsOf: (column: number) => ColumnBounds): Outlook {
  const verdicts = possible(condition, boundsOf)
  if ((verdicts & bit(yes)) === 0) return 'none'
  return verdicts === bit(yes) ? 'all' : 'some'
}

/** A set of verdicts: a bit for each. */
type VerdictSet = number

const bit = (verdict: Verdict): VerdictSet => 1 << verdict
const anyVerdict: VerdictSet = bit(no) | bit(unknown) | bit(yes)

function possible(condition: Condition, boundsOf: (column: number) => ColumnBounds): VerdictSet {
  switch (condition.kind) {
    case 'always':
      return bit(condition.holds ? yes : no)
    case 'not':
      return mirrored(possible(condition.part, boundsOf))
    case 'and':
      return condition.parts.map((part) => possible(part, boundsOf)).reduce(lesser, bit(yes))
    case 'or':
      // De Morgan: an `or` is what `and` is in the mirror.
      return mirrored(
        condition.parts.map((part) => mirrored(possible(part, boundsOf))).reduce(lesser, bit(yes)),
      )
    case 'isNull': {
      const { nulls } = boundsOf(condition.column)
      if (nulls === 'some') return bit(no) | bit(yes)
      return bit((nulls === 'all') === condition.holds ? yes : no)
    }
    default: {
      const bounds = boundsOf(condition.column)
      if (bounds.nulls === 'all') return bit(unknown)
      return (bounds.nulls === 'none' ? 0 : bit(unknown)) | ofValues(condition, bounds)
    }
  }
}

/** All lesser ones of two verdicts, one from each set. */
function lesser(a: VerdictSet, b: VerdictSet): VerdictSet {
  let set = 0
  for (const verdict of [no, unknown, yes] as const) {
    const fromHere = anyVerdict & -bit(verdict) // this verdict and the greater ones
    const isLesser = (a & bit(verdict) && b & fromHere) || (b & bit(verdict) && a & fromHere)
    if (isLesser) set |= bit(verdict)
  }
  return set
}

function mirrored(set: VerdictSet): VerdictSet {
  return (set & bit(unknown)) | (set & bit(no) ? bit(yes) : 0) | (set & bit(yes) ? bit(no) : 0)
}

const comparisons: Readonly<Record<Comparison, Verdicts>> = {
  eq: { below: no, same: yes, above: no },
  ne: { below: yes, same: no, above: yes },
  gt: { below: no, same: no, above: yes },
  gte: { below: no, same: yes, above: yes },
  lt: { below: yes, same: no, above: no },
  lte: { below: yes, same: yes, above: no },
}

type ValueCondition = Extract<Condition, { readonly kind: 'compare' | 'in' | 'startsWith' }>

/** The verdicts on values, of which there may be some. */
function ofValues(condition: ValueCondition, bounds: ColumnBounds): VerdictSet {
  if (condition.kind === 'startsWith') return ofPrefix(condition.prefix, bounds)
  if (condition.kind === 'compare') {
    const { below, same, above } = comparisons[condition.operator]
    const { mayBeBelow, mayBeSame, mayBeAbove } = relations(bounds, condition.constant, 0)
    return (mayBeBelow ? bit(below) : 0) | (mayBeSame ? bit(same) : 0) | (mayBeAbove ? bit(above) : 0)
  }
  for (let i = 0; i < condition.constants.length; i++) {
    if (relations(bounds, condition.constants, i).mayBeSame) return bit(no) | bit(yes)
  }
  return bit(no)
}

/** How values within the bounds may relate to row `row` of `constants`. */
function relations({ least, greatest }: ColumnBounds, constants: Vector, row: number) {
  const { layout } = constants
  const isFloat = layout === 'float32' || layout === 'float64'
  const low = least === undefined ? -1 : compareColumns(least, constants)(0, row)
  // A NaN may be there that no bound tells of, above everything and equal to itself.
  const high = greatest === undefined || isFloat ? 1 : compareColumns(greatest, constants)(0, row)
  return { mayBeBelow: low < 0, mayBeSame: low <= 0 && high >= 0, mayBeAbove: high > 0 }
}

function ofPrefix(prefix: Uint8Array, { least, greatest }: ColumnBounds): VerdictSet {
  const low = least === undefined ? -1 : comparePrefix(least, prefix)
  const high = greatest === undefined ? 1 : comparePrefix(greatest, prefix)
  if (low > 0 || high < 0) return bit(no)
  return low === 0 && high === 0 ? bit(yes) : bit(no) | bit(yes)
}

/** How a vector's only row lies to the strings that start with `prefix`: before them (negative), among them, behind. */
function comparePrefix({ values, offsets }: Vector, prefix: Uint8Array): number {
  const from = offsets![0]!
  const length = offsets![1]! - from
  for (let i = 0; i < prefix.length; i++) {
    if (i === length) return -1
    const difference = (values[from + i]! as number) - prefix[i]!
    if (difference !== 0) return difference
  }
  return 0
}
