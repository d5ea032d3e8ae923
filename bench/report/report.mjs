// The measured part of docs/benchmarks.md and its plots, from the results in JSON. What stands outside of the two marks is
// written by people and stays.

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { engineNames } from '../engines/index.mjs'
import { workloads } from '../workloads/index.mjs'
import { goals, growthGoals, judged } from './goals.mjs'
import { barsOf, growthOf } from './plots.mjs'
import { readResults } from './results.mjs'
import { inUnit, inWords, markdownTable, ratioText } from './text.mjs'

const docs = fileURLToPath(new URL('../../docs/', import.meta.url))
const begin = '<!-- measured: written by `npm run bench -- report`, not by hand -->'
const end = '<!-- end of what was measured -->'

const small = 500_000
const large = 5_000_000

/** Writes into `folder` (docs/): the document is expected there. */
export function writeReport(resultsFolder, folder = docs) {
  const all = readResults(resultsFolder)
  const path = `${folder}benchmarks.md`
  const text = readFileSync(path, 'utf8')
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${path} has lost its marks`)
  const plots = []
  for (const results of all) plots.push(plotFile(folder, results))
  const five = all.filter(({ data }) => data === 'rows')
  if (five.length > 1) writeFileSync(`${folder}benchmarks-growth.svg`, growthOf(five))
  const measured =
    all.length === 0
      ? ['Nothing has been measured yet: bench/results holds no results.']
      : [goalsTable(all), growthTable(five), ...all.map((results, i) => section(results, plots[i]))]
  const growth = five.length > 1 ? ['![Cost as rows grow](benchmarks-growth.svg)'] : []
  writeFileSync(
    path,
    `${text.slice(0, from)}${begin}\n\n${[...measured, ...growth].join('\n\n')}\n\n${text.slice(to)}`,
  )
  console.log(`docs/benchmarks.md: ${all.map((results) => titleOf(results)).join('; ') || 'no results'}`)
}

function titleOf({ data, rows }) {
  return `${rows.toLocaleString('en')} ${data === 'rows' ? 'five-field rows' : data}`
}

function plotFile(folder, results) {
  const name = `benchmarks-${results.data}-${results.rows}.svg`
  writeFileSync(`${folder}${name}`, barsOf(results, `${titleOf(results)}: longer is better`))
  return name
}

function goalsTable(all) {
  const rows = goals.map(({ number, what, goal, unit, of }) => [
    `${number}. ${what}`,
    goal.text,
    ...all.map((results) => judged(of(results), goal, unit)),
  ])
  const note = 'Bold: the goal is missed. A ratio is how many times as good marquetry is, in one run.'
  return `### Goals\n\n${note}\n\n${markdownTable([['', 'goal', ...all.map(titleOf)], ...rows])}`
}

function growthTable(five) {
  const [few, many] = [small, large].map((rows) => five.find((results) => results.rows === rows))
  const rows = growthGoals.map(({ number, what, goal, between }) => [
    `${number}. ${what}`,
    goal.text,
    judged(between(few, many), goal),
  ])
  return markdownTable([['', 'goal', 'measured'], ...rows])
}

function section(results, plot) {
  const measured = workloads.filter(({ name }) => results.workloads[name])
  const compared = measured.filter(({ unit }) => unit !== 'figures')
  const rows = compared.map(({ name, unit }) => {
    const { engines, best, ratio } = results.workloads[name]
    const cells = engineNames.map((engine) => (engines[engine] ? inUnit(engines[engine].cost, unit) : ''))
    return [name, ...cells, best === undefined ? '' : `${ratioText(ratio)} ${best}`]
  })
  return [
    `### ${titleOf(results)}`,
    runsOf(
      compared.filter(({ unit }) => unit !== 'bytes'),
      results,
    ),
    markdownTable([['', ...engineNames, 'to the best peer'], ...rows]),
    ...figuresOf(results),
    `![Bars](${plot})`,
    '#### Options and durability, as they were in this run',
    optionsOf(compared, results),
  ].join('\n\n')
}

/** Machine, versions, rounds: once, if the parts were run in the same way. */
function runsOf(measured, { workloads: byName }) {
  const words = measured.map(({ name }) => {
    const { machine, commit, rounds, threads, state, versions } = byName[name]
    return `${machine}; marquetry at ${commit ?? 'an unknown commit'}; medians of ${rounds}; ${threads} threads for marquetry (main thread and workers) and for DuckDB; ${state} after loading; ${inWords(versions)}`
  })
  const grouped = indexesByText(words)
  return [...grouped]
    .map(([text, indexes]) =>
      grouped.size === 1 ? `${text}.` : `${indexes.map((i) => measured[i].name).join(', ')}: ${text}.`,
    )
    .join('\n\n')
}

function indexesByText(words) {
  const grouped = new Map()
  words.forEach((text, i) => {
    grouped.set(text, [...(grouped.get(text) ?? []), i])
  })
  return grouped
}

function figuresOf({ workloads: byName }) {
  const figures = byName['bytes-read']?.engines.marquetry?.figures
  if (figures === undefined) return []
  const row = (what, bytes, all) => [
    what,
    Math.round(bytes).toLocaleString('en'),
    all === undefined ? '' : Math.round(all).toLocaleString('en'),
  ]
  return [
    markdownTable([
      ['bytes read from files by marquetry, no cache', 'bytes', 'without the predicate'],
      row('a lookup of the key and two columns', figures.bytesPerLookup),
      row('scan-where, 1 % clustered', figures.clusteredBytes, figures.clusteredAllBytes),
      row('scan-where, 1 % unclustered', figures.unclusteredBytes, figures.unclusteredAllBytes),
    ]),
  ]
}

/** What each engine was given, workloads that agree in one row. */
function optionsOf(measured, { workloads: byName }) {
  const rows = [['engine', 'workloads', 'options', 'durability']]
  for (const engine of engineNames) {
    const grouped = new Map()
    for (const { name } of measured) {
      const one = byName[name].engines[engine]
      if (one === undefined) continue
      const key = JSON.stringify([inWords(one.options), one.durability ?? ''])
      grouped.set(key, [...(grouped.get(key) ?? []), name])
    }
    for (const [key, names] of grouped) rows.push([engine, names.join(', '), ...JSON.parse(key)])
  }
  return markdownTable(rows).replace(/\| ---: /g, '| --- ')
}
