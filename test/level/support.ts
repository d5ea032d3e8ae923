// Level databases of tests: a directory that goes with the test, and the configurations that everything runs in.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isMarquetryError, type OpenOptions } from 'marquetry'
import { afterAll, expect } from 'vitest'

/** A directory for the databases of a test file; removed at its end. */
export function temporaryDirectory(): string {
  const root = mkdtempSync(join(tmpdir(), 'marquetry-level-'))
  afterAll(() => rmSync(root, { recursive: true, force: true }))
  return root
}

/** Every write becomes an SSTable of its own, every flush is followed by a merge. */
export const hostile: OpenOptions = { memtableRows: 1, compaction: { level0RunsMax: 1 } }

/** Options of the engine that a behaviour must not depend on. */
export const configurations: readonly (readonly [name: string, options: OpenOptions])[] = [
  ['ordinary', {}],
  ['hostile, inline', { ...hostile, workers: 0 }],
  ['hostile, in workers', { ...hostile, workers: 2 }],
]

/** What a call rejects with. */
export async function rejected(call: () => Promise<unknown>): Promise<Error & { readonly code?: string }> {
  try {
    await call()
  } catch (error) {
    return error as Error
  }
  throw new Error('the promise was not rejected')
}

/** Checks that an error has a code of Level's, and the engine's error as its cause. */
export function expectLevelError(error: unknown, code: string, cause: string): void {
  expect(error).toMatchObject({ code })
  const { cause: origin } = error as Error
  expect(isMarquetryError(origin), String(origin)).toBe(true)
  expect(origin).toMatchObject({ code: cause })
}
