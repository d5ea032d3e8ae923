// The workloads of the comparison, by db_bench's names where they fit, in the order in which they run.
//
// A workload says what it does in words (`title`), what one operation of it is (`unit`), what the database is opened for
// (`use`, see engines/index.mjs), which method a store must have (`needs`), and whether it needs the loaded database.
// `begin(context)` prepares, `round(state, context)` gives `{ ops, milliseconds, check }`, `end(state, context)` cleans up.
// `warmUps(data)` and `rounds` are given where they are not what the command line says; `rowsMost`, where more rows tell no more.
// `expected(data, ops)` is what `check` has to be: a workload that is fast by being wrong fails the run.

import { fillWorkloads } from './fill.mjs'
import { lifeWorkloads } from './life.mjs'
import { readWorkloads } from './read.mjs'
import { scanWorkloads } from './scan.mjs'

export const groups = {
  fill: fillWorkloads,
  read: readWorkloads,
  scan: scanWorkloads,
  life: lifeWorkloads,
}

export const workloads = Object.entries(groups).flatMap(([group, list]) =>
  list.map((workload) => ({ group, ...workload })),
)

/** The workloads of a group, or the one of that name; undefined if there is neither. */
export function workloadsNamed(name) {
  if (name === 'peers') return workloads
  const found = workloads.filter((workload) => workload.group === name || workload.name === name)
  return found.length === 0 ? undefined : found
}
