import { splitWords } from '../key-text.js'
import { UsageError } from '../usage-error.js'
import { allCommands } from './dot-commands.js'
import type { ShellState } from './shell-state.js'

/** Carries out one line. Returns false if it says to leave. Lines that are empty or begin with # say nothing. */
export async function runLine(shell: ShellState, line: string): Promise<boolean> {
  const text = line.trim().replace(/;$/, '')
  if (text === '' || text.startsWith('#')) return true
  const [first, ...words] = splitWords(text)
  const name = first?.text ?? ''
  if (name === 'exit' || name === 'quit' || name === '.exit' || name === '.quit') return false
  const command = allCommands.find((candidate) => candidate.name === (name === 'help' ? '.help' : name))
  if (command === undefined) throw new UsageError(`there is no command ${name}; .help lists those there are`)
  await command.run(shell, words)
  return true
}
