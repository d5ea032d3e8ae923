// `import` and `export`: files, streams, schemas that are told, given or missing.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { run, temporaryDirectory } from './run-cli.js'

const sample = fileURLToPath(new URL('../../data-samples/flights-20k.parquet', import.meta.url))

test('a Parquet file comes in without a schema, and goes out as it came', async () => {
  const directory = temporaryDirectory()
  const path = join(directory, 'db')
  const key = ['--key', 'date,origin,destination', '--row-number', 'number']
  expect(await run(['import', path, 'flights', sample, ...key])).toEqual({ stdout: '', stderr: '', code: 0 })
  expect((await run(['count', path, 'flights'])).stdout).toBe('20000\n')
  const out = join(directory, 'out.parquet')
  expect((await run(['export', path, 'flights', out, '--where', "origin = 'ATL'"])).code).toBe(0)
  const inside = JSON.parse((await run(['inspect', out, '--json'])).stdout) as { file: { rows: number } }
  expect(`${inside.file.rows}\n`).toBe(
    (await run(['count', path, 'flights', '--where', "origin = 'ATL'"])).stdout,
  )
})

test('rows come from stdin and go to stdout', async () => {
  const path = join(temporaryDirectory(), 'db')
  const input = '{"id":1,"big":9007199254740993}\n{"id":2,"big":null}\n'
  const args = [
    'import',
    path,
    'rows',
    '-',
    '--format',
    'ndjson',
    '--key',
    'id',
    '--schema',
    'id:int32, big:int64?',
  ]
  expect(await run(args, { input })).toEqual({ stdout: '', stderr: '', code: 0 })
  const { stdout } = await run(['export', path, 'rows', '-', '--format', 'csv'])
  expect(stdout.replaceAll('\r', '')).toBe('id,big\n1,9007199254740993\n2,\n')
})

test('a failed import leaves no table that it made, and a bad record can be put aside', async () => {
  const directory = temporaryDirectory()
  const [path, file, rejects] = ['db', 'p.csv', 'bad.ndjson'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ]
  writeFileSync(file, 'id,name\n1,Ann\nx,Eve\n')
  const args = ['import', path, 'people', file, '--key', 'id', '--schema', 'id:int32 name:utf8']
  const { stderr, code } = await run(args)
  expect(stderr).toMatch(/^marquetry: MARQUETRY_INVALID_INPUT: .*line 3, column "id".*\n$/)
  expect(code).toBe(1)
  expect((await run(['scan', path, 'people'])).code).toBe(1)
  expect(await run([...args, '--rejects', rejects])).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^1 record rejected/),
  })
  expect((await run(['scan', path, 'people'])).stdout).toBe('{"id":1,"name":"Ann"}\n')
  expect(JSON.parse(readFileSync(rejects, 'utf8'))).toMatchObject({ line: 3, column: 'id' })
})

test('what cannot be guessed has to be said', async () => {
  const directory = temporaryDirectory()
  const path = join(directory, 'db')
  const refused = async (args: readonly string[], message: RegExp) => {
    const { stderr, code } = await run(args)
    expect(stderr).toMatch(message)
    expect(code).toBe(2)
  }
  await refused(['import', path, 'rows', sample], /to make it, name its key columns: --key a,b/)
  await refused(['import', path, 'rows', '-', '--key', 'id'], /a stream has no format: say --format/)
  await refused(
    ['import', path, 'rows', '-', '--format', 'csv', '--key', 'id'],
    /name the columns with --schema/,
  )
  await run(['put', path, 'kv', 'a', '1'])
  await refused(['export', path, 'kv', join(directory, 'x.txt')], /the name .* tells no format/)
  expect(existsSync(join(directory, 'x.txt'))).toBe(false)
})
