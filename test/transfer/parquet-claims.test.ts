import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { nodeFileSystem } from '#src/fs/node.js'
import { openBytes } from '#src/transfer/import-bytes.js'
import { resolveLimits } from '#src/transfer/import-limits.js'
import { checkFile, checkRowGroup } from '#src/transfer/parquet-claims.js'

test('pages of zstd in blocks shorter than they could be are no bombs', () => {
  const path = fileURLToPath(
    new URL('../../node_modules/vega-datasets/data/flights-3m.parquet', import.meta.url),
  )
  const bytes = openBytes(nodeFileSystem(), { path })
  const limits = resolveLimits(undefined)
  checkFile(bytes, limits)
  const columns = ['date', 'delay', 'distance', 'origin', 'destination']
  expect(() => checkRowGroup(bytes, limits, 0, columns)).not.toThrow()
  bytes.close()
})
