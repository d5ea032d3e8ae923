// One random history, played under many configurations: each read must give what the model says, and all of them together
// the same under each. A history that fails is made shorter and printed with its seed.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open, t } from 'marquetry'
import { test } from 'vitest'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { nodeFileSystem } from '#src/fs/node.js'
import { describe, type Played, play } from '../compaction/play.js'
import { drawScript, type Script } from '../compaction/script.js'
import { shrink } from '../compaction/shrink.js'
import { Random } from '../history/random.js'
import { type Configuration, configurationsMin, drawConfigurations } from './metamorphic/configurations.js'
import { Ledger, record } from './report.js'
import { isLong, seed } from './settings.js'

const operationsMin = 2000
const histories = isLong ? 100 : 1
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

for (let history = 0; history < histories; history++) {
  test(`history ${seed + history}`, async (context) => {
    const ledger = new Ledger()
    const script = drawScript(seed + history, operationsMin)
    let first: string | undefined
    let isExplained = false
    for (const configuration of drawConfigurations(new Random(seed + history), configurationsMin)) {
      await ledger.time(`history ${seed + history} under ${configuration.name}`, async () => {
        const played = await playUnder(configuration, script).catch(async (error: Error) => {
          if (isExplained) throw error
          isExplained = true // a history made shorter once is enough to look at
          throw await explain(configuration, script, error)
        })
        first ??= played.seen
        if (played.seen !== first)
          throw new Error('the history differs from that under the first configuration')
        ledger.count('merges', played.merges)
      })
      ledger.count('configurations')
      ledger.count('operations', script.operations)
      ledger.count('steps', script.steps.length)
    }
    record(context, ledger.report('metamorphic'))
  })
}
