// The property test in parts, so that each core has one. A machine of reliability plays thousands more.

import { and, not, open, or, t } from 'marquetry'
import { expect, test } from 'vitest'
import { MemoryFileSystem } from '#src/fs/memory.js'
import { testSeed } from '../test-seed.js'
import { playDatabase, scansPerDatabase } from './play.js'

const timeout = 600_000

/** Declares a test over `count` random databases, of seeds that no other part has. */
export function testDatabases(part: number, count: number): void {
  const first = testSeed + part * 1_000_000
  test(`scans of ${count} random databases from seed ${first} are a plain filter over a model`, {
    timeout,
  }, async () => {
    const engine = { open, t, and, or, not, MemoryFileSystem }
    for (let seed = first; seed < first + count; seed++) {
      await playDatabase(engine, seed, scansPerDatabase).catch((error: unknown) => {
        expect.fail(`seed ${seed}: ${(error as Error).stack}`)
      })
    }
  })
}
