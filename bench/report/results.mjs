// The results on disk: a JSON file per data set and number of rows. A run of some workloads replaces theirs only.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const pattern = /^peers-(.+)-(\d+)\.json$/

export function saveResults(folder, { data, rows }, results, about) {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `peers-${data}-${rows}.json`)
  const before = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).workloads : {}
  const workloads = { ...before }
  for (const [name, result] of Object.entries(results)) workloads[name] = { ...result, ...about }
  writeFileSync(path, `${JSON.stringify({ data, rows, workloads }, null, 1)}\n`)
  return path
}

/** All results of a folder, small ones first, those of the five-field rows before others. */
export function readResults(folder) {
  return (existsSync(folder) ? readdirSync(folder) : [])
    .filter((name) => pattern.test(name))
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')))
    .sort((a, b) => (a.data === b.data ? a.rows - b.rows : a.data === 'rows' ? -1 : 1))
}
