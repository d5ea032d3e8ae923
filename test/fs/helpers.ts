// What the tests of the file systems share.

import * as nodeFs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { isMarquetryError } from '#src/errors.js'
import { type FileSystem, readWhole, writeWhole } from '#src/fs/file-system.js'
import { systemCode } from '#src/fs/io-error.js'

/** A new directory of the machine's own file system, and how to be rid of it. */
export function temporaryDirectory(): { readonly path: string; readonly remove: () => void } {
  const path = nodeFs.mkdtempSync(join(tmpdir(), 'marquetry-fs-'))
  return { path, remove: () => nodeFs.rmSync(path, { recursive: true, force: true }) }
}

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

export async function put(fs: FileSystem, path: string, text: string): Promise<void> {
  await writeWhole(fs, path, bytesOf(text))
}

export async function get(fs: FileSystem, path: string): Promise<string> {
  return textOf(await readWhole(fs, path))
}

/** Everything below a directory: files by their content, directories by null. */
export async function contentsOf(fs: FileSystem, directory: string): Promise<Record<string, string | null>> {
  const contents: Record<string, string | null> = {}
  for (const name of await fs.list(directory)) {
    const path = `${directory === '/' ? '' : directory}/${name}`
    if ((await fs.stat(path))?.kind === 'file') {
      contents[path] = await get(fs, path)
    } else {
      contents[path] = null
      Object.assign(contents, await contentsOf(fs, path))
    }
  }
  return contents
}

/** Expects a MARQUETRY_IO error that names the path and has the system's code behind it. */
export async function expectIoError(run: () => unknown, code: string, path: string): Promise<void> {
  const error = await outcome(run)
  expect(isMarquetryError(error, 'MARQUETRY_IO'), `expected ${code}, got: ${String(error)}`).toBe(true)
  expect(systemCode(error)).toBe(code)
  expect(String(error)).toContain(path)
  expect(error).toHaveProperty('file', path)
}

/** What it throws or rejects with; undefined: nothing. */
export async function outcome(run: () => unknown): Promise<unknown> {
  try {
    await run()
  } catch (error) {
    return error
  }
  return undefined
}
