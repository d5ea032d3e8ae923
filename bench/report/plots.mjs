// The plots of docs/benchmarks.md.

import { barPlot, gridPlot } from '../../tools/lib/plot.mjs'
import { engineNames } from '../engines/index.mjs'
import { workloads } from '../workloads/index.mjs'
import { inUnit } from './text.mjs'

const growing = ['fillrandom', 'readrandom', 'readrandom-cold', 'seekrandom', 'scan-rows', 'scan-sum']

/** A group of bars per workload; longer is better. */
export function barsOf(results, title) {
  const measured = workloads.filter(({ name, unit }) => results.workloads[name] && unit !== 'figures')
  const groups = measured.map(({ name, unit }) => ({
    title: name,
    bars: Object.entries(results.workloads[name].engines).map(([engine, { cost }]) => ({
      name: engine,
      value: 1 / cost,
      label: inUnit(cost, unit),
    })),
  }))
  return barPlot({ title, names: engineNames, groups })
}

/** What an operation costs as rows grow: a frame per workload, a line per engine. */
export function growthOf(all) {
  const panel = (name) => ({
    series: engineNames.map((engine) => ({
      name: engine,
      points: all
        .map((results) => [results.rows, results.workloads[name]?.engines[engine]?.cost])
        .filter(([, cost]) => cost !== undefined),
    })),
  })
  const shown = growing.filter((name) => panel(name).series.some(({ points }) => points.length > 0))
  return gridPlot({
    title: 'Cost of an operation as rows grow (both axes logarithmic; less is better)',
    xLabel: 'rows',
    names: engineNames,
    columns: shown.map((name) => ({ title: name, unit: 'µs' })),
    rows: [{ title: 'five-field rows', panels: shown.map(panel) }],
  })
}
