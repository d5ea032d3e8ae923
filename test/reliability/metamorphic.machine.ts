// One random history, played under many configurations: each read must give what the model says, and all of them together
// the same under each. A history that fails is made shorter and printed with its seed.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open, t } from 'marquetry'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { nodeFileSystem } from '#src/fs/node.js'
import { describe, type Played, play } from '../compaction/play.js'
import { drawScript, type Script } from '../compaction/script.js'
import { shrink } from '../compaction/shrink.js'
import { Random } from '../history/random.js'
import { type Configuration, configurationsMin, drawConfigurations } from './metamorphic/configurations.js'
import { type Part, testParts } from './parts.js'
import type { Ledger } from './report.js'
import { rounds, seed } from './settings.js'

const operationsMin = 2000
/** Parts that a history's configurations are cut into. */
const slices = 4
/** Plays that making a failure shorter may cost. */
const shrinkTriesMax = 150

async function playUnder({ options, compaction, onDisk }: Configuration, script: Script): Promise<Played> {
  if (!onDisk) {
    const fs = new MemoryFileSystem()
    return await play(
      { open, t, directory: 'db', fs, compaction, carries: true, options: { ...options, fileSystem: fs } },
      script,
    )
  }
  const directory = mkdtempSync(join(tmpdir(), 'marquetry-metamorphic-'))
  try {
    return await play({ open, t, directory, fs: nodeFileSystem(), compaction, carries: true, options }, script)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** The error, with the shortest history that was found to give one. */
async function explain(configuration: Configuration, script: Script, error: Error): Promise<Error> {
  const fails = (shorter: Script) =>
    playUnder(configuration, shorter).then(
      () => false,
      () => true,
    )
  const short = await shrink(script, fails, shrinkTriesMax)
  const steps = short.steps.map((step) => `  ${describe(step)}: ${JSON.stringify(step)}`).join('\n')
  return new Error(`${error.message}\nshortest history that fails:\n${steps}`, { cause: error })
}

/** Plays a history under every so many-th configuration, all compared with the first one of all. */
async function playSlice(ledger: Ledger, history: number, slice: number): Promise<void> {
  const script = drawScript(seed + history, operationsMin)
  const configurations = drawConfigurations(new Random(seed + history), configurationsMin)
  let first: string | undefined
  let isExplained = false
  for (const [index, configuration] of configurations.entries()) {
    if (index > 0 && index % slices !== slice) continue
    await ledger.time(`history ${seed + history} under ${configuration.name}`, async () => {
      const played = await playUnder(configuration, script).catch(async (error: Error) => {
        if (isExplained) throw error
        isExplained = true // a history made shorter once is enough to look at
        throw await explain(configuration, script, error)
      })
      first ??= played.seen
      if (played.seen !== first) throw new Error('the history differs from that under the first configuration')
      ledger.count('merges', played.merges)
    })
    if (index % slices !== slice) continue
    ledger.count('plays')
    ledger.count('operations', script.operations)
    ledger.count('steps', script.steps.length)
  }
}

const parts = Array.from({ length: rounds }, (_, history) =>
  Array.from(
    { length: slices },
    (_, slice): Part => ({
      name: `history ${history}, ${slice + 1} of ${slices}`,
      run: (ledger) => playSlice(ledger, history, slice),
    }),
  ),
)
testParts('metamorphic', parts.flat())
