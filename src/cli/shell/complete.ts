// Tab completion: commands, then names of tables, columns, forms and options, whatever can stand there.

import { rowFormats } from '../format-rows.js'
import { allCommands } from './dot-commands.js'
import { scanFlagNames } from './shell-commands.js'

/** The names that can be completed. */
export interface KnownNames {
  readonly tables: readonly string[]
  /** Of the table in use. */
  readonly columns: readonly string[]
}

/** What the last word of a line may become, and that word: as node:readline wants it. */
export function completionsOf(line: string, names: KnownNames): [string[], string] {
  const [, before = '', word = ''] = /^(.*?)([^\s,("]*)$/s.exec(line) ?? []
  const command = before.trimStart().split(/\s+/)[0] ?? ''
  const candidates = before.trim() === '' ? commandNames : behind(command, before, names)
  return [candidates.filter((candidate) => candidate.startsWith(word)), word]
}

const commandNames: readonly string[] = [...allCommands.map(({ name }) => `${name} `), 'exit']

function behind(command: string, before: string, { tables, columns }: KnownNames): readonly string[] {
  const { completes } = allCommands.find(({ name }) => name === command) ?? {}
  if (completes === 'tables') return tables
  if (completes === 'modes') return rowFormats
  if (completes === undefined) return []
  return wantsColumns.test(before) ? columns : scanFlagNames.map((flag) => `${flag} `)
}

/** Within the value of an option that names columns: up to the next space, or, in quotes, to their end. */
const wantsColumns = /--(?:columns|where)\s+(?:"[^"]*|'[^']*|[^\s"']*)$/
