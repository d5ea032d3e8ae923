// npm run check:package: is what npm would publish whole? publint and are-the-types-wrong look at the packed file; it is then installed into an
// empty folder, where its command runs, and `import` and `require` find it, under this Node and under Node 24.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const tools = join(root, 'ecosystem/packaging')
const node24 = ['npx', '-y', 'node@24']

function run(what, [command, ...args], cwd = root) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  })
  if (status !== 0) {
    console.error(`${what}: failed\n${stdout}${stderr}`)
    process.exitCode = 1
  } else console.log(`${what}: ok`)
  return stdout
}

const checkImport = `import { open, t } from 'marquetry'
import 'marquetry/level'
const db = await open('db')
const table = await db.table('rows', { columns: { key: t.int32() }, key: ['key'] })
await table.put({ key: 1 })
await table.flush()
if ((await table.get(1)).key !== 1) throw new Error('the row is not there')
await db.close()
`
const checkRequire = `const { open, t } = require('marquetry')
const { MarquetryLevel } = require('marquetry/level')
if (typeof open !== 'function' || typeof t.int32 !== 'function' || typeof MarquetryLevel !== 'function') process.exit(1)
`

const folder = mkdtempSync(join(tmpdir(), 'marquetry-package-'))
try {
  if (!existsSync(join(tools, 'node_modules'))) {
    run('installing the tools', ['npm', 'ci', '--ignore-scripts', '--prefix', tools])
  }
  const [{ filename }] = JSON.parse(run('npm pack', ['npm', 'pack', '--json', '--pack-destination', folder]))
  const packed = join(folder, filename)
  const tool = (name) => join(tools, 'node_modules/.bin', name)
  run('publint', [tool('publint'), 'run', packed, '--strict'])
  // ESM only: CommonJS gets it by require(esm), of which TypeScript's older resolutions know nothing.
  run('are-the-types-wrong', [tool('attw'), packed, '--profile', 'esm-only'])

  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  run('npm install', ['npm', 'install', '--ignore-scripts', packed, 'abstract-level@3.1.1'], folder)
  writeFileSync(join(folder, 'import.mjs'), checkImport)
  writeFileSync(join(folder, 'require.cjs'), checkRequire)
  run('npx marquetry --help', ['npx', '--no-install', 'marquetry', '--help'], folder)
  for (const [name, node] of [
    [process.version, [process.execPath]],
    ['Node 24', node24],
  ]) {
    run(`import, ${name}`, [...node, 'import.mjs'], folder)
    // Without a flag from 20.19 and 22.12 on.
    run(`require, ${name}`, [...node, 'require.cjs'], folder)
  }
  run('the command, Node 24', [...node24, 'node_modules/marquetry/dist/cli/main.js', '--help'], folder)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
