// Malformed Parquet files, imported each by a process of its own: a typed error or rows, in time, with little memory; and each
// of them with random bytes changed, which may make it say anything.

import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Random } from '../history/random.js'
import { type Part, testParts } from './parts.js'
import type { Ledger } from './report.js'
import { rounds, seedOf } from './settings.js'

const run = promisify(execFile)
const script = fileURLToPath(new URL('hostile/importer.mjs', import.meta.url))

/** Files of apache/parquet-testing; what each is broken by stands in its README. */
const badData = '/work/shared/parquet-bad-data'
const files: readonly (readonly [name: string, columns: Readonly<Record<string, string>>])[] = [
  ['ARROW-GH-41317', { int8: 'int8' }],
  ['ARROW-GH-41321', { uint8: 'uint8', string: 'utf8' }],
  ['ARROW-GH-41321', { int64: 'int64' }],
  ['ARROW-GH-41321', { large_binary: 'binary' }],
  ['ARROW-GH-43605', { min_fl: 'uint16' }],
  ['ARROW-GH-45185', { x: 'int32' }],
  ['ARROW-GH-47662', { flba_field: 'binary' }],
  ['ARROW-RS-GH-6229-DICTHEADER', { nation_key: 'int32', name: 'binary' }],
  ['ARROW-RS-GH-6229-LEVELS', { outer: 'utf8' }],
  ['PARQUET-1481', { x: 'int32' }],
]

const timeoutMs = 20_000
/** What the watchdog and a replaced thread may take besides. */
const slackMs = 20_000
const changesPerRound = 6
const grownBytesMax = 256 * 1024 * 1024
const codes = new Set(['MARQUETRY_INVALID_INPUT', 'MARQUETRY_LIMIT'])

interface Told {
  readonly outcome: {
    readonly rows?: number
    readonly code?: string
    readonly message?: string
    readonly file?: string
  }
  readonly ms: number
  readonly grownBytes: number
  readonly works: boolean
}

async function importOne(ledger: Ledger, file: string, columns: object): Promise<void> {
  const path = mkdtempSync(join(tmpdir(), 'marquetry-hostile-'))
  try {
    const argument = JSON.stringify({ path: `${path}/db`, file, columns, timeoutMs })
    const { stdout } = await run(process.execPath, ['--unhandled-rejections=strict', script, argument], {
      timeout: timeoutMs + 4 * slackMs,
    })
    const { outcome, ms, grownBytes, works } = JSON.parse(stdout) as Told
    ledger.count('MiB grown at most', Math.max(0, grownBytes / 2 ** 20))
    const isTyped = outcome.rows !== undefined || (codes.has(outcome.code ?? '') && outcome.file === file)
    if (!isTyped) throw new Error(`it ended with ${JSON.stringify(outcome)}`)
    if (ms > timeoutMs + slackMs) throw new Error(`it took ${ms} ms`)
    if (grownBytes > grownBytesMax) throw new Error(`memory grew by ${grownBytes} bytes`)
    if (!works) throw new Error('the table does not work any more')
  } finally {
    rmSync(path, { recursive: true, force: true })
  }
}

async function importMalformed(ledger: Ledger): Promise<void> {
  for (const [name, columns] of files) {
    await ledger.time(name, () => importOne(ledger, `${badData}/${name}.parquet`, columns))
    ledger.count('files')
  }
}

async function importChanged(ledger: Ledger, round: number): Promise<void> {
  const random = new Random(seedOf(round))
  const directory = mkdtempSync(join(tmpdir(), 'marquetry-mutated-'))
  for (let i = 0; i < changesPerRound; i++) {
    const [name, columns] = random.pick(files)
    const bytes = readFileSync(`${badData}/${name}.parquet`)
    // Mostly where the claims are.
    const from = random.chance(0.7) ? Math.floor(bytes.length * 0.6) : 0
    for (let count = random.between(1, 8); count > 0; count--)
      bytes[from + random.below(bytes.length - from)] = random.below(256)
    const file = join(directory, `${i}.parquet`)
    writeFileSync(file, bytes)
    await ledger.time(`${name}, change ${i} of seed ${seedOf(round)}`, () => importOne(ledger, file, columns))
    ledger.count('changed files')
  }
  rmSync(directory, { recursive: true, force: true })
}

const parts: readonly Part[] = [
  { name: 'malformed files', run: importMalformed },
  ...Array.from(
    { length: rounds },
    (_, round): Part => ({
      name: `changed files, round ${round}`,
      run: (ledger) => importChanged(ledger, round),
    }),
  ),
]
testParts('hostile', existsSync(badData) ? parts : [])
