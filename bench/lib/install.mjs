// Installs the peers into bench/node_modules, and compiles those that came without a binary for this machine.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { engines, missingPackages } from '../engines/index.mjs'

const bench = fileURLToPath(new URL('..', import.meta.url))

function npm(...args) {
  console.error(`bench: npm ${args.join(' ')}`)
  const { status } = spawnSync('npm', args, { cwd: bench, stdio: 'inherit' })
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed with status ${status}`)
}

/** Whether better-sqlite3 has its addon: the package can be imported without, but opens nothing. */
function sqliteWorks() {
  const code = "new (require('better-sqlite3'))(':memory:').close()"
  return spawnSync(process.execPath, ['-e', code], { cwd: bench, stdio: 'ignore' }).status === 0
}

/** Installs what the engines need, once. */
export async function installPeers(names) {
  const packages = names.map((name) => engines[name].package).filter((name) => name !== undefined)
  if (packages.length === 0) return
  if (!existsSync(`${bench}node_modules`)) npm('ci')
  if (packages.includes('better-sqlite3') && !sqliteWorks()) {
    console.error('bench: better-sqlite3 has no binary for this machine: compiling it, which takes a minute')
    npm('rebuild', 'better-sqlite3', '--build-from-source')
  }
  const missing = await missingPackages(names)
  if (missing.length > 0)
    throw new Error(`bench/node_modules lacks ${missing.join(', ')}: remove it to install anew`)
}
