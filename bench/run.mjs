// npm run bench            all benchmarks
// npm run bench -- ingest  one of them, with its own options behind its name

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const benchmarks = readdirSync(`${here}benchmarks`).map((file) => file.replace(/\.mjs$/, ''))
const [name, ...rest] = process.argv.slice(2)

if (name !== undefined && !benchmarks.includes(name)) {
  console.error(`There is no benchmark ${name}. There are: ${benchmarks.join(', ')}`)
  process.exit(2)
}
if (!existsSync(`${here}node_modules`)) {
  const install = spawnSync('npm', ['ci', '--prefix', here], { stdio: 'inherit' })
  if (install.status !== 0) process.exit(install.status ?? 1)
}
for (const benchmark of name === undefined ? benchmarks : [name]) {
  const run = spawnSync(process.execPath, [`${here}benchmarks/${benchmark}.mjs`, ...rest], { stdio: 'inherit' })
  if (run.status !== 0) process.exit(run.status ?? 1)
}
