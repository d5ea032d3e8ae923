// The commands of the shell about the shell and about tables: they begin with a dot.

import { rowFormat } from '../format-rows.js'
import { print } from '../io.js'
import { UsageError } from '../usage-error.js'
import { rowCommands, type ShellCommand } from './shell-commands.js'
import { definitionOf, schemaFromWords } from './table-definition.js'

const tables: ShellCommand = {
  name: '.tables',
  usage: '',
  meaning: 'names of the tables',
  async run(shell) {
    await print(
      shell.io,
      shell.db
        .tables()
        .map((name) => `${name}\n`)
        .join(''),
    )
  },
}

const schema: ShellCommand = {
  name: '.schema',
  usage: '[TABLE]',
  meaning: 'columns and key of the tables, as the command that makes them',
  completes: 'tables',
  async run(shell, [name]) {
    for (const one of name === undefined ? shell.db.tables() : [name.text])
      await print(shell.io, `${definitionOf(one, (await shell.db.table(one)).schema)}\n`)
  },
}

const create: ShellCommand = {
  name: '.create',
  usage: 'TABLE COLUMN:TYPE[?]… key COLUMN…',
  meaning: 'make a table and use it; ? for columns that may be null',
  async run(shell, [name, ...words]) {
    if (name === undefined)
      throw new UsageError('a table is made by: .create TABLE COLUMN:TYPE[?]… key COLUMN…')
    if (shell.db.tables().includes(name.text)) throw new UsageError(`there is a table ${name.text}`)
    await shell.db.table(name.text, schemaFromWords(words))
    await shell.use(name.text)
  },
}

const use: ShellCommand = {
  name: '.use',
  usage: 'TABLE',
  meaning: 'choose the table that commands go to',
  completes: 'tables',
  async run(shell, [name]) {
    if (name === undefined) throw new UsageError('.use takes the name of a table')
    await shell.use(name.text)
  },
}

const mode: ShellCommand = {
  name: '.mode',
  usage: 'table | json | ndjson | csv',
  meaning: 'the form in which rows are printed',
  completes: 'modes',
  async run(shell, [name]) {
    if (name === undefined) await print(shell.io, `${shell.mode}\n`)
    else shell.mode = rowFormat(name.text)
  },
}

const help: ShellCommand = {
  name: '.help',
  usage: '',
  meaning: 'this list',
  async run(shell) {
    const lines = allCommands.map(
      ({ name, usage, meaning }) => `${`${name} ${usage}`.trim()}\n    ${meaning}\n`,
    )
    await print(shell.io, `${lines.join('')}exit\n    leave; Ctrl-D does too\n`)
  },
}

/** Every command but `exit`, which is the shell's own. */
export const allCommands: readonly ShellCommand[] = [...rowCommands, tables, schema, create, use, mode, help]
