// The database that reads are measured on: all rows in random key order, then compacted by the engine's own means.

import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { randomPlace } from '../data/index.mjs'
import { noteFiles } from '../lib/live-files.mjs'

export const batchRows = 1000

const marker = (directory) => `${directory}.loaded`

/** Loads the rows unless that was done. Readers of others' files have nothing to load. */
export async function ensureLoaded(context) {
  const { directory, data, engine, optionsFor } = context
  if (context.readsParquet || existsSync(marker(directory))) return
  removeLoaded(context)
  const store = await engine.open(directory, data, optionsFor('load'))
  for (let from = 0; from < data.rows; from += batchRows) {
    const shapes = []
    for (let i = from; i < Math.min(from + batchRows, data.rows); i++) {
      shapes.push(store.shape(data.rowAt(randomPlace(i, data.rows))))
    }
    await store.write(shapes)
  }
  await store.close()
  await finishLoading(context)
}

/** Whatever lies there, it is no loaded database any more. */
export function removeLoaded({ directory }) {
  rmSync(marker(directory), { force: true })
  rmSync(directory, { recursive: true, force: true })
}

/** Brings a loaded database to rest, compacts it, and marks it as loaded. */
export async function finishLoading({ directory, data, engine, optionsFor, state }) {
  const store = await engine.open(directory, data, optionsFor('load'))
  await store.settle()
  if (state === 'compacted') await store.compact?.()
  await store.settle()
  if (store.files !== undefined) noteFiles(directory, store.files())
  await store.close()
  writeFileSync(marker(directory), '')
}

export function bytesBelow(path) {
  const stat = statSync(path)
  if (!stat.isDirectory()) return stat.size
  return readdirSync(path).reduce((bytes, name) => bytes + bytesBelow(join(path, name)), 0)
}
