// Holds docs/cli.md to the code: every example is run, in the page's order, in one directory, and has to print what it prints.

import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { run, temporaryDirectory } from '../cli/run-cli.js'

const page = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8')
const bin = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

/** Runs a line of the page by the system's shell; stdout and stderr as a terminal would mix them, exit code last. */
function runLine(line: string, cwd: string): Promise<string> {
  const env = { ...process.env, PATH: `${cwd}/bin:${process.env['PATH']}`, NO_COLOR: '1' }
  return new Promise((resolve) => {
    execFile('sh', ['-c', line], { cwd, env }, (error, stdout, stderr) => {
      const code = error === null ? '' : `[exit code ${error.code}]\n`
      resolve(`${stdout.replaceAll('\r\n', '\n')}${stderr}${code}`)
    })
  })
}

/** How many bytes a file takes is for the engine to improve. */
const withoutSizes = (text: string) => text.replace(/\b\d[\d.]* k?B\b/g, '… kB')

test('the examples of docs/cli.md print what stands there', async () => {
  const cwd = temporaryDirectory()
  mkdirSync(join(cwd, 'bin'))
  writeFileSync(join(cwd, 'bin', 'marquetry'), `#!/bin/sh\nexec '${process.execPath}' '${bin}' "$@"\n`, {
    mode: 0o755,
  })
  for (const [, name = '', text = ''] of page.matchAll(/^```text file=(\S+)\n([\s\S]*?)^```$/gm))
    writeFileSync(join(cwd, name), text)
  let examples = 0
  for (const [, block = ''] of page.matchAll(/^```console\n([\s\S]*?)^```$/gm)) {
    for (const example of block.split(/^\$ /m).slice(1)) {
      const [line = '', ...printed] = example.split('\n')
      examples++
      const expected = printed.join('\n')
      if (expected === '' && line.includes('inspect')) continue // its output is long, and inspect.test.ts holds it
      const actual = await runLine(line, cwd)
      expect(`$ ${line}\n${withoutSizes(actual)}`).toBe(`$ ${line}\n${withoutSizes(expected)}`)
    }
  }
  expect(examples).toBeGreaterThan(15)
})

test('docs/cli.md lists every command, and no other', async () => {
  const { stdout } = await run(['--help'])
  const commands = [...(stdout.split('Commands:\n')[1] ?? '').matchAll(/^ {2}(\w+)/gm)].map(([, name]) => name)
  const table = page.split('## Rows and keys')[0] ?? ''
  const listed = [...table.matchAll(/^\| `(\w+)/gm)].map(([, name]) => name)
  expect([...listed].sort()).toEqual(commands.filter((name) => name !== 'help').sort())
})
