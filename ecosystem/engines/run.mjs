// npm run test:engines: external views, run by the engines that they are written for. These take 650 MB to install, which is
// why they have a folder of their own; none needs an install script.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))

function run(command, args) {
  const { status } = spawnSync(command, args, { stdio: 'inherit' })
  if (status !== 0) process.exit(1)
}

// Not `npm ci`: it misses chdb's libraries for other systems in the lock, some of which were never published.
if (!existsSync(join(here, 'node_modules')))
  run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', here])
const vitest = join(here, '../../node_modules/vitest/vitest.mjs')
run(process.execPath, [vitest, 'run', '--config', join(here, 'vitest.config.mjs'), ...process.argv.slice(2)])
