// A history that fails, made shorter: steps are left out, ever fewer at a time, as long as what is left still fails
// (Zeller and Hildebrandt's ddmin). What each look should find is worked out anew.

import {
  apply,
  keyOf,
  type Look,
  nameOf,
  type Script,
  type State,
  type Step,
  sorted,
  within,
} from './script.js'

/** Any steps of a script as a script of its own. Snapshots that nobody opens are not looked at. */
export function retell(seed: number, steps: readonly Step[]): Script {
  const state: State = new Map()
  const snapshots = new Map<number, State>()
  const told: Step[] = []
  let operations = 0
  const tell = (step: Step): Step | undefined => {
    switch (step.do) {
      case 'write':
        apply(state, step.operations)
        operations += step.operations.length
        return step
      case 'delete range':
        apply(state, step.before)
        for (const row of [...state.values()]) if (within(row, step.range)) state.delete(nameOf(keyOf(row)))
        apply(state, step.after)
        operations += step.before.length + 1 + step.after.length
        return step
      case 'open snapshot':
        snapshots.set(step.snapshot, new Map(state))
        return step
      case 'close snapshot':
        return snapshots.delete(step.snapshot) ? step : undefined
      case 'reopen':
        for (const snapshot of snapshots.keys()) told.push({ do: 'close snapshot', snapshot })
        snapshots.clear()
        return step
      case 'look': {
        const { snapshot } = step.look
        const seen = snapshot === undefined ? state : snapshots.get(snapshot)
        return seen && { do: 'look', look: lookAt(seen, step.look) }
      }
      case 'look at files':
        return { ...step, rows: sorted(state) }
      default:
        return step
    }
  }
  for (const step of steps) {
    const retold = tell(step)
    if (retold !== undefined) told.push(retold)
  }
  for (const snapshot of snapshots.keys()) told.push({ do: 'close snapshot', snapshot })
  return { seed, steps: told, operations, rows: sorted(state) }
}

function lookAt(state: State, look: Look): Look {
  const rows = sorted(state).filter((row) => within(row, look.range))
  if (look.reverse) rows.reverse()
  const gets = look.gets.map(({ key }) => ({ key, row: state.get(nameOf(key)) }))
  return { ...look, rows: rows.slice(0, look.limit), gets }
}

/** Operations of a batch one by one, so that they can be left out one by one; a batch of one stays as it is. */
function halves(step: Step): readonly Step[] {
  if (step.do !== 'write' || step.operations.length < 2) return [step]
  const middle = step.operations.length >> 1
  return [
    { do: 'write', operations: step.operations.slice(0, middle) },
    { do: 'write', operations: step.operations.slice(middle) },
  ]
}

/**
 * A short script that fails like `script` does. `fails` is asked at most `triesMax` times. Where chance decides whether a
 * script fails, more than one play per question makes the answer better.
 */
export async function shrink(
  script: Script,
  fails: (script: Script) => Promise<boolean>,
  triesMax: number,
): Promise<Script> {
  let steps = script.steps
  let tries = 0
  const without = async (from: number, to: number): Promise<boolean> => {
    const fewer = [...steps.slice(0, from), ...steps.slice(to)]
    tries++
    if (!(await fails(retell(script.seed, fewer)))) return false
    steps = fewer
    return true
  }
  for (;;) {
    for (let chunk = Math.ceil(steps.length / 2); chunk >= 1 && tries < triesMax; chunk >>= 1) {
      for (let from = 0; from < steps.length && tries < triesMax; ) {
        if (!(await without(from, Math.min(from + chunk, steps.length)))) from += chunk
      }
    }
    const finer = steps.flatMap(halves)
    if (finer.length === steps.length || tries >= triesMax) return retell(script.seed, steps)
    tries++
    if (!(await fails(retell(script.seed, finer)))) return retell(script.seed, steps)
    steps = finer
  }
}
