// Plays histories to an engine until one gives a wrong answer.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MutatedPackage } from './mutants.js'
import { play } from './play.js'
import { drawScript, strategies } from './script.js'

const operationsMin = 2500
const firstSeed = 1

/** Plays histories until one fails, and returns how; undefined: none does. */
export async function findOut(
  engine: MutatedPackage,
  needsWorkers: boolean,
  histories: number,
): Promise<string | undefined> {
  const { open, t } = engine.marquetry
  const options = {
    wal: 'async',
    memtableRows: 60,
    rowGroupRows: 40,
    pageBytes: 1024,
    sparseIndexInterval: 7,
  } as const
  const choices = Object.values(strategies)
  for (let i = 0; i < histories; i++) {
    const script = drawScript(firstSeed + i, operationsMin)
    const stage = { open, t, compaction: choices[i % choices.length]! }
    const directory = needsWorkers ? mkdtempSync(join(tmpdir(), 'marquetry-mutated-')) : 'db'
    const fs = needsWorkers ? engine.node.nodeFileSystem() : new engine.memory.MemoryFileSystem()
    const workers = needsWorkers ? { workers: 2 } : { fileSystem: fs }
    try {
      await play({ ...stage, fs, directory, options: { ...options, ...workers } }, script)
    } catch (error) {
      return `history ${i + 1}: ${(error as Error).message.split('\n')[0]}`
    } finally {
      if (needsWorkers) rmSync(directory, { recursive: true, force: true })
    }
  }
  return undefined
}
