// `checkpoint`, `verify`, `repair`: copies, damage that is told, and what is left of it.

import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { run, temporaryDirectory } from './run-cli.js'

test('a copy is verified, damage in it is told, and a repair looks before it acts', async () => {
  const directory = temporaryDirectory()
  const [path, copy] = [join(directory, 'db'), join(directory, 'copy')]
  await run(['put', path, 'kv', 'a', '1'])
  expect(await run(['checkpoint', path, copy])).toEqual({ stdout: '', stderr: '', code: 0 })
  expect((await run(['get', copy, 'kv', 'a'])).stdout).toBe('1\n')
  const whole = await run(['verify', path])
  expect(whole.stdout).toMatch(/^\d+ files, [\d.]+ k?B read, all is well\n$/)
  expect(whole.code).toBe(0)

  const folder = join(copy, 'kv', 'sst')
  const data = join(folder, readdirSync(folder)[0] ?? '', 'data.parquet')
  const bytes = readFileSync(data)
  bytes[40] = (bytes[40] ?? 0) ^ 0xff
  rmSync(data) // it shares its bytes with the original
  writeFileSync(data, bytes)
  const damaged = await run(['verify', copy])
  expect(damaged.stdout).toMatch(/^MARQUETRY_CORRUPTION: .*data\.parquet at byte 0: .*\n/)
  expect(damaged.stderr).toBe(`marquetry: PROBLEMS: 1 problem in ${copy}\n`)
  expect(damaged.code).toBe(1)
  const planned = await run(['repair', copy, '--dry-run'])
  expect(planned).toMatchObject({ stderr: '', code: 0 })
  expect(readFileSync(data)).toEqual(bytes)
  expect((await run(['repair', copy])).code).toBe(0)
  expect((await run(['verify', copy])).code).toBe(0)
})
