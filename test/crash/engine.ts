// The engine that is put to the test: the package as it is, or a copy of it with a mistake built in. A copy has classes of
// its own, so all that meets its errors has to come from it.

import { isMarquetryError, open, t } from 'marquetry'
import { FaultyFileSystem } from '#src/fs/faulty.js'
import { MemoryFileSystem } from '#src/fs/memory.js'

export interface Engine {
  readonly open: typeof open
  readonly t: typeof t
  readonly isMarquetryError: typeof isMarquetryError
  readonly MemoryFileSystem: typeof MemoryFileSystem
  readonly FaultyFileSystem: typeof FaultyFileSystem
}

export const engine: Engine = { open, t, isMarquetryError, MemoryFileSystem, FaultyFileSystem }
