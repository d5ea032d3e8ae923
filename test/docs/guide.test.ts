// Runs the guide and the examples. The blocks of a page are one program, in the page's order, in a directory of its own; it has
// to print what the comments `// → ` say.

import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)

/** A directory in which programs find marquetry, and its development dependencies, by name. */
function workplace(): string {
  const directory = mkdtempSync(join(tmpdir(), 'marquetry-guide-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const modules = join(directory, 'node_modules')
  mkdirSync(modules)
  symlinkSync(root, join(modules, 'marquetry'))
  symlinkSync(join(root, 'node_modules/@duckdb'), join(modules, '@duckdb'))
  return directory
}

const blocksOf = (page: string) => [...page.matchAll(/^```js\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code)
const printedBy = (code: string) => [...code.matchAll(/\/\/ → (.*)$/gm)].map(([, line]) => line)

describe('docs/guide', () => {
  test.each(readdirSync(join(root, 'docs/guide')))('%s does what it says', async (name) => {
    const page = readFileSync(join(root, 'docs/guide', name), 'utf8')
    expect([...page.matchAll(/^```(\w*)$/gm)].map(([, language]) => language).filter(Boolean)).not.toContain(
      'ts',
    )
    const code = blocksOf(page).join('\n')
    const directory = workplace()
    writeFileSync(join(directory, 'page.mjs'), code)
    const { stdout } = await run(process.execPath, ['page.mjs'], { cwd: directory })
    const expected = printedBy(code)
    expect(expected.length).toBeGreaterThan(1)
    expect(stdout.trimEnd().split('\n')).toEqual(expected)
  })
})

describe('README.md', () => {
  test('its example runs', async () => {
    const page = readFileSync(join(root, 'README.md'), 'utf8')
    const [code = ''] = blocksOf(page)
    const directory = workplace()
    writeFileSync(join(directory, 'readme.mjs'), code)
    const { stdout } = await run(process.execPath, ['readme.mjs'], { cwd: directory })
    expect(stdout.trimEnd().split('\n')).toEqual(printedBy(code))
  })
})

describe('examples', () => {
  test.each(readdirSync(join(root, 'examples')))('%s runs, in less than 60 lines', async (name) => {
    const directory = workplace()
    const code = readFileSync(join(root, 'examples', name), 'utf8')
    expect(code.split('\n').length).toBeLessThan(60)
    writeFileSync(join(directory, name), code)
    const { stdout } = await run(process.execPath, [name], { cwd: directory })
    expect(stdout).not.toBe('')
  })
})
