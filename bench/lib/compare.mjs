// Runs workloads on engines that take turns: a process per engine and group of workloads, one of them working at a time.

import { openData } from '../data/index.mjs'
import { isAble } from '../engines/index.mjs'
import { agrees } from '../workloads/expected.mjs'
import { median } from './measure.mjs'
import { PeerProcess } from './peer-process.mjs'

/**
 * Results by workload. `settings`: engines, data, rows, work, threads, state, rounds, warmUps, profile; `onResult(workload, result)` is
 * called after each.
 */
export async function compare(chosen, settings, onResult) {
  const data = openData(settings.data, settings.work, settings.rows)
  const results = {}
  for (const group of new Set(chosen.map((workload) => workload.group))) {
    const own = chosen.filter((one) => one.group === group && data.rows <= (one.rowsMost ?? data.rows))
    const named = settings.engines.filter((name) => own.some(({ needs }) => isAble(name, needs, data.rows)))
    const peers = named.map(
      (engine) =>
        new PeerProcess(
          { engine, ...pick(settings, ['data', 'rows', 'work', 'threads', 'state']) },
          settings.profile,
        ),
    )
    try {
      for (const workload of own) {
        const able = peers.filter(({ engine }) => isAble(engine, workload.needs, data.rows))
        if (able.length === 0) continue
        // In the engines' order: readers of Parquet need marquetry's files.
        if (workload.needsLoaded) for (const peer of withMarquetry(peers, able)) await peer.ask('load')
        const result = await compareOne(workload, able, data, settings)
        results[workload.name] = result
        onResult?.(workload, result)
      }
      for (const peer of peers) await peer.leave()
    } catch (error) {
      for (const peer of peers) peer.kill()
      throw error
    }
  }
  return results
}

function withMarquetry(peers, able) {
  return peers.filter((peer) => peer.engine === 'marquetry' || able.includes(peer))
}

async function compareOne(workload, peers, data, settings) {
  const rounds = workload.rounds ?? settings.rounds
  const warmUps = workload.warmUps?.(data) ?? settings.warmUps
  const taken = new Map()
  for (const peer of peers) {
    const { options, durability } = await peer.ask('begin', { name: workload.name })
    taken.set(peer.engine, { options, durability, runs: [] })
  }
  const expected = new Map()
  for (let round = -warmUps; round < rounds; round++) {
    for (const peer of rotated(peers, round + warmUps)) {
      const run = await peer.ask('round', { isLast: round === rounds - 1 })
      if (run.check !== undefined) {
        if (!expected.has(run.ops)) expected.set(run.ops, workload.expected(data, run.ops))
        verify(workload, peer.engine, run.check, expected.get(run.ops))
      }
      if (round >= 0) taken.get(peer.engine).runs.push(run)
    }
  }
  for (const peer of peers) await peer.ask('end')
  return summarize(workload, taken, rounds)
}

/** Who goes first changes from round to round. */
function rotated(peers, round) {
  const first = round % peers.length
  return [...peers.slice(first), ...peers.slice(0, first)]
}

function verify({ name }, engine, check, expected) {
  if (agrees(check, expected)) return
  throw new Error(
    `${name}: ${engine} answers ${JSON.stringify(check)}, the data says ${JSON.stringify(expected)}`,
  )
}

function summarize({ title, unit }, taken, rounds) {
  const measured = {}
  for (const [engine, { options, durability, runs }] of taken) {
    const costs = runs.map(costOf)
    measured[engine] = {
      options,
      ...(durability === undefined ? {} : { durability }),
      ops: runs[0].ops,
      // Microseconds an operation, or bytes: less is better.
      cost: median(costs),
      costs,
      ...(runs[0].figures === undefined ? {} : { figures: runs[0].figures }),
    }
  }
  return { title, unit, rounds, engines: measured, ...comparison(measured) }
}

const costOf = ({ bytes, milliseconds, ops }) => bytes ?? (milliseconds * 1000) / ops

/** The best of the others, and how many times as good marquetry is: the median over rounds of both in the same round. */
function comparison(measured) {
  const { marquetry, ...others } = measured
  const names = Object.keys(others)
  if (marquetry === undefined || names.length === 0) return {}
  const best = names.reduce((a, b) => (others[b].cost < others[a].cost ? b : a))
  return { best, ratio: ratioTo(measured, best) }
}

/** How many times as good marquetry is as `peer`. */
export function ratioTo(measured, peer) {
  return median(measured.marquetry.costs.map((cost, round) => measured[peer].costs[round] / cost))
}

function pick(object, names) {
  return Object.fromEntries(names.map((name) => [name, object[name]]))
}
