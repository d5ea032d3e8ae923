// The one place that loads parquet-wasm: on first use, since instantiating it takes 50 ms and some threads
// never do.

import { createRequire } from 'node:module'

type ParquetWasm = typeof import('parquet-wasm/node')

const require = createRequire(import.meta.url)
const moduleName = 'parquet-wasm/node'
let loaded: ParquetWasm | undefined

/** This thread's instance. Its memory only grows. */
export function parquetWasm(): ParquetWasm {
  loaded ??= require(moduleName) as ParquetWasm
  return loaded
}

/**
 * Runs something that calls into parquet-wasm. A trap leaves the instance's memory in no known state, so that
 * instance is dropped: the next use makes a new one.
 */
export function withParquetWasm<T>(use: (wasm: ParquetWasm) => T): T {
  try {
    return use(parquetWasm())
  } catch (error) {
    if (error instanceof Error && error.name === 'RuntimeError') {
      loaded = undefined
      delete require.cache[require.resolve(moduleName)]
    }
    throw error
  }
}
