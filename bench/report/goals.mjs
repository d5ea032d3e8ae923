// The ratios that reads and writes are held to, each taken from results of one run.

import { ratioTo } from '../lib/compare.mjs'
import { digits } from './text.mjs'

/** How many times as good marquetry is as a peer, if both were measured. */
function versus(results, workload, peer) {
  const engines = results?.workloads[workload]?.engines
  return engines?.marquetry && engines[peer] ? ratioTo(engines, peer) : undefined
}

/** The same, where the two have no workload in common: synchronous lookups against a peer that only answers asynchronously. */
function acrossWorkloads(results, ours, peer, theirs) {
  const mine = results?.workloads[ours]?.engines.marquetry
  const other = results?.workloads[theirs]?.engines[peer]
  return mine && other ? other.cost / mine.cost : undefined
}

const best = (results, workload) => results?.workloads[workload]?.ratio

function figure(results, name) {
  return results?.workloads['bytes-read']?.engines.marquetry?.figures[name]
}

function shareOfBytes(results, name) {
  const [part, all] = [figure(results, `${name}Bytes`), figure(results, `${name}AllBytes`)]
  return part === undefined ? undefined : part / all
}

const atLeast = (least) => ({ least, text: `≥ ${least} ×` })
const atMost = (most, text) => ({ most, text })
const noGoal = { text: '–' }

/** `of(results)` gives the measured value for the results of one data set and size. */
export const goals = [
  {
    number: 1,
    what: 'readrandom, `getSync`, hot: lmdb’s',
    goal: atLeast(1),
    of: (r) => versus(r, 'readrandom', 'lmdb'),
  },
  {
    number: 1,
    what: 'readrandom, `get`, hot: classic-level’s',
    goal: atLeast(3),
    of: (r) => versus(r, 'readrandom-async', 'classic-level'),
  },
  {
    number: 1,
    what: 'readmissing: classic-level’s `getSync`',
    goal: atLeast(1),
    of: (r) => versus(r, 'readmissing', 'classic-level'),
  },
  {
    number: 2,
    what: 'readrandom, cold, key and two columns, `getSync`: DuckDB on the same Parquet',
    goal: atLeast(30),
    of: (r) => acrossWorkloads(r, 'readrandom-cold', 'duckdb-parquet', 'readrandom-cold-async'),
  },
  {
    number: 2,
    what: 'the same with `get`',
    goal: noGoal,
    of: (r) => versus(r, 'readrandom-cold-async', 'duckdb-parquet'),
  },
  {
    number: 2,
    what: 'bytes read per cold lookup',
    goal: noGoal,
    unit: 'bytes',
    of: (r) => figure(r, 'bytesPerLookup'),
  },
  { number: 3, what: 'scan-rows: lmdb', goal: atLeast(1.5), of: (r) => versus(r, 'scan-rows', 'lmdb') },
  {
    number: 3,
    what: 'scan-sum: classic-level',
    goal: atLeast(20),
    of: (r) => versus(r, 'scan-sum', 'classic-level'),
  },
  {
    number: 3,
    what: 'scan-sum: DuckDB on the same files, equal threads',
    goal: atLeast(0.5),
    of: (r) => versus(r, 'scan-sum', 'duckdb-parquet'),
  },
  {
    number: 3,
    what: 'scan-where, 1 % clustered: bytes read of those without the predicate',
    goal: atMost(0.1, '< 10 %'),
    unit: '%',
    of: (r) => shareOfBytes(r, 'clustered'),
  },
  {
    number: 3,
    what: 'scan-where, 1 % unclustered: the same',
    goal: noGoal,
    unit: '%',
    of: (r) => shareOfBytes(r, 'unclustered'),
  },
  { number: 4, what: 'seekrandom: lmdb', goal: atLeast(1), of: (r) => versus(r, 'seekrandom', 'lmdb') },
  { number: 5, what: 'fillrandom: the best peer', goal: atLeast(2), of: (r) => best(r, 'fillrandom') },
  { number: 5, what: 'fillsync: the best peer', goal: atLeast(1), of: (r) => best(r, 'fillsync') },
  { number: 5, what: 'fillconcurrent: the best peer', goal: atLeast(1), of: (r) => best(r, 'fillconcurrent') },
]

/** How much more an operation costs with ten times the rows: at most half as much again. */
export const growthGoals = ['readrandom', 'readseq', 'scan-rows', 'scan-sum'].map((name) => ({
  number: 7,
  what: `${name}: cost at 5 M rows ÷ cost at 0.5 M`,
  goal: atMost(1.5, '≤ 1.5 ×'),
  between(small, large) {
    const [few, many] = [small, large].map((results) => results?.workloads[name]?.engines.marquetry?.cost)
    return few && many ? many / few : undefined
  },
}))

/** A measured value, bold where it misses its goal. */
export function judged(value, { least, most }, unit) {
  if (value === undefined) return 'not measured'
  const isMet = (least === undefined || value >= least) && (most === undefined || value <= most)
  const text =
    unit === 'bytes' ? `${digits(value)} B` : unit === '%' ? `${digits(100 * value)} %` : `${digits(value)} ×`
  return isMet ? text : `**${text}**`
}
