// What a run says while it goes on.

import { digits, inUnit, inWords, ratioText } from './text.mjs'

export function printHead({ data, rows, rounds, warmUps, threads, state, machine }) {
  console.log(
    `${rows.toLocaleString('en')} ${data === 'rows' ? 'five-field rows' : data}; ${machine}\n` +
      `medians of ${rounds} rounds after ${warmUps} to warm up, engines taking turns in processes of their own; ` +
      `reads are from a database that was ${state === 'compacted' ? 'compacted after loading' : 'loaded and left as it came out'}\n` +
      `threads: ${threads} for DuckDB, ${threads} for marquetry (its main thread and workers); a ratio above 1: marquetry is better\n`,
  )
}

export function printResult({ name, title }, { unit, engines, best, ratio }) {
  console.log(`${name}: ${title}`)
  for (const [engine, { cost, costs, ops, options, durability, figures }] of Object.entries(engines)) {
    if (figures !== undefined) {
      for (const [figure, value] of Object.entries(figures))
        console.log(`  ${figure.padEnd(24)} ${digits(value)}`)
      continue
    }
    const spread = (100 * (Math.max(...costs) - Math.min(...costs))) / cost
    const words = [inWords(options), durability].filter((part) => part !== undefined).join('; ')
    console.log(
      `  ${engine.padEnd(15)} ${inUnit(cost, unit).padStart(18)}  ±${(spread / 2).toFixed(0).padStart(3)} %  of ${ops}  (${words})`,
    )
  }
  if (best !== undefined) console.log(`  ${ratioText(ratio)} the best peer, ${best}`)
  console.log()
}
