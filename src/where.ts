// `and`, `or`, `not`, typed: they take conditions on the rows of the table that they are used with.

import * as predicate from './format/predicate.js'
import type { Combined, Where } from './format/row-types.js'

/** Rows for which all conditions hold. */
export function and<R>(...conditions: readonly NoInfer<Where<R>>[]): Combined<R> {
  return predicate.and(...conditions) as Combined<R>
}

/** Rows for which one condition holds, or several. */
export function or<R>(...conditions: readonly NoInfer<Where<R>>[]): Combined<R> {
  return predicate.or(...conditions) as Combined<R>
}

/** Rows for which the condition does not hold; where it is unknown because of a null, so is its opposite. */
export function not<R>(condition: NoInfer<Where<R>>): Combined<R> {
  return predicate.not(condition) as Combined<R>
}
