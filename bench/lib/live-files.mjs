// Which Parquet files make up marquetry's table, noted beside its directory for those who read them without marquetry.

import { readFileSync, writeFileSync } from 'node:fs'

const noteOf = (directory) => `${directory}.files.json`

export function noteFiles(directory, paths) {
  writeFileSync(noteOf(directory), JSON.stringify(paths))
}

export function filesOf(directory) {
  return JSON.parse(readFileSync(noteOf(directory), 'utf8'))
}
