// The one-shot commands as other programs see them: streams, exit codes, signals.

import { once } from 'node:events'
import { join } from 'node:path'
import { open, t } from 'marquetry'
import { beforeAll, describe, expect, test } from 'vitest'
import { progressText } from '#src/cli/progress.js'
import { bytesText, durationText, percentText } from '#src/cli/quantities.js'
import { outcomeOf, run, start, startOnTerminal, temporaryDirectory } from './run-cli.js'

const rows = 30_000

async function makeDatabase(): Promise<string> {
  const path = join(temporaryDirectory(), 'db')
  const db = await open(path, { workers: 0, wal: 'async' })
  const table = await db.table('rows', {
    columns: { id: t.int32(), big: t.int64(), at: t.timestamp(), word: t.utf8().nullable() },
    key: ['id'],
  })
  const row = (id: number) => ({
    id,
    big: 2n ** 53n + BigInt(id),
    at: new Date(id * 1000),
    word: id % 3 ? `word ${id}` : null,
  })
  await table.batch(Array.from({ length: rows }, (_, id) => ({ type: 'put', row: row(id) })))
  await db.close()
  return path
}

describe('commands', () => {
  test('put, get and delete a pair, and tell a missing key by their exit code', async () => {
    const path = join(temporaryDirectory(), 'new')
    expect(await run(['put', path, 'kv', 'user:1', 'Alice'])).toEqual({ stdout: '', stderr: '', code: 0 })
    expect(await run(['get', path, 'kv', 'user:1'])).toEqual({ stdout: 'Alice\n', stderr: '', code: 0 })
    expect(await run(['delete', path, 'kv', 'user:1'])).toEqual({ stdout: '', stderr: '', code: 0 })
    expect(await run(['get', path, 'kv', 'user:1'])).toEqual({
      stdout: '',
      stderr: 'marquetry: NOT_FOUND: there is no row with this key\n',
      code: 3,
    })
  })

  test('scan and count ranges; what goes to a program is NDJSON', async () => {
    const path = await makeDatabase()
    const range = ['--gte', '5', '--lt', '8', '--where', 'word is not null']
    expect(await run(['scan', path, 'rows', ...range])).toEqual({
      stdout: `{"id":5,"big":9007199254740997,"at":"1970-01-01T00:00:05.000Z","word":"word 5"}
{"id":7,"big":9007199254740999,"at":"1970-01-01T00:00:07.000Z","word":"word 7"}
`,
      stderr: '',
      code: 0,
    })
    const csv = await run([
      'scan',
      path,
      'rows',
      ...range,
      '--columns',
      'word,id',
      '--reverse',
      '--limit',
      '1',
      '--format',
      'csv',
    ])
    expect(csv.stdout).toBe('word,id\r\nword 7,7\r\n')
    expect((await run(['count', path, 'rows', '--where', 'id < 10 or word is null'])).stdout).toBe('10006\n')
    expect((await run(['get', path, 'rows', '4', '--format', 'json', '--columns', 'big'])).stdout).toBe(
      '{"big":9007199254740996}\n',
    )
    expect(JSON.parse((await run(['stats', path, '--json'])).stdout)).toMatchObject({
      rows: { sstableRows: rows },
    })
    expect(await run(['compact', path, 'rows'])).toEqual({ stdout: '', stderr: '', code: 0 })
  })
})

describe('mistakes are one line on stderr', () => {
  let path: string
  beforeAll(async () => {
    path = join(temporaryDirectory(), 'db')
  })
  test.each([
    ['an unknown option', ['scan', 'x', 'y', '--wher', 'a'], 2, /^marquetry: USAGE: unknown option '--wher'\n/],
    ['a missing argument', ['scan', 'x'], 2, /^marquetry: USAGE: missing required argument 'table'\n$/],
    ['an unknown command', ['scann'], 2, /^marquetry: USAGE: unknown command 'scann'\n/],
    ['no database', ['scan', '/nowhere/at/all', 'rows'], 1, /^marquetry: MARQUETRY_NOT_A_DATABASE: .*\n$/],
  ])('%s', async (_, args, expected, line) => {
    const { stdout, stderr, code } = await run(args)
    expect(stdout).toBe('')
    expect(stderr).toMatch(line)
    expect(code).toBe(expected)
  })

  test('of the table, of keys, of conditions; with their stack where that is asked for', async () => {
    await run(['put', path, 'kv', 'a', '1'])
    const said = async (...args: string[]) => {
      const { stderr, code } = await run(args)
      return `${code} ${stderr}`
    }
    expect(await said('scan', path, 'nope')).toBe(
      '1 marquetry: MARQUETRY_NOT_FOUND: There is no table nope; give a schema to make it\n',
    )
    expect(await said('put', path, 'kv', 'a')).toBe(
      '2 marquetry: USAGE: a row is a JSON object, or 2 values (key value); 1 given\n',
    )
    expect(await said('scan', path, 'kv', '--where', 'value = 1')).toBe(
      '2 marquetry: USAGE: where, column 9: column value is utf8, which this is not (in: value = 1)\n',
    )
    expect(await said('--debug', 'scan', path, 'nope')).toMatch(
      /^1 marquetry: MARQUETRY_NOT_FOUND: .*\nMarquetryError: .*\n +at /,
    )
  })
})

describe('signals', () => {
  test('a reader that has enough is no error', async () => {
    const path = await makeDatabase()
    const child = start(['scan', path, 'rows'])
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
    let stderr = ''
    child.stderr?.on('data', (text) => {
      stderr += text
    })
    await once(child.stdout!, 'data')
    child.stdout?.destroy()
    expect(await ended).toBe(0)
    expect(stderr).toBe('')
  })

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s ends a scan, closes the database and exits with %d', async (signal, expected) => {
    const path = await makeDatabase()
    const child = start(['scan', path, 'rows'])
    // Nobody reads on: the scan waits, and the signal has to reach it there.
    await once(child.stdout!, 'readable')
    child.kill(signal)
    const { stderr, code } = await outcomeOf(child)
    expect(stderr).toBe(`marquetry: ABORTED: ended by ${signal}\n`)
    expect(code).toBe(expected)
    expect((await run(['count', path, 'rows'])).stdout).toBe(`${rows}\n`)
  })
})

describe('the tour', () => {
  test('goes through without pauses where nobody is watching', async () => {
    const { stdout, stderr, code } = await run(['demo'])
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
    for (let phase = 1; phase <= 7; phase++) expect(stdout).toContain(`${phase} of 7  `)
    expect(stdout).toContain('3,000 rows in the snapshot, 2,500 now')
    expect(stdout).not.toContain('Enter')
    expect(stdout).not.toContain('\u001b')
  })

  test('waits for Enter on a terminal, and Ctrl-C leaves it', async () => {
    const terminal = startOnTerminal(['demo'])
    await terminal.shows('[Enter: next, Ctrl-C: leave]')
    terminal.type('\r')
    await terminal.shows('2 of 7')
    await terminal.shows('[Enter: next, Ctrl-C: leave]')
    terminal.type('\u0003')
    expect((await terminal.outcome).code).toBe(130)
  })
})

test('progress tells share, amounts, rate and time left', () => {
  expect(
    progressText('import', { rows: 500_000, rowsTotal: 2_000_000, bytes: 5e6, bytesTotal: 20e6 }, 5_000),
  ).toBe(
    'import  ██████░░░░░░░░░░░░░░░░░░  25 %  500,000 of 2,000,000 rows  5.0 MB of 20.0 MB  100,000 rows/s  15 s left',
  )
  expect(progressText('export', { rows: 10, bytes: 2_000 }, 100)).toBe('export  10 rows  2.0 kB')
  expect(progressText('verify', { files: 1, filesTotal: 4, bytes: 999 }, 1_000)).toBe(
    'verify  ██████░░░░░░░░░░░░░░░░░░  25 %  1 of 4 files  999 B  999 B/s  3.0 s left',
  )
})

test('quantities are short', () => {
  expect([0, 999, 1000, 14_700_000, 999_600].map(bytesText)).toEqual([
    '0 B',
    '999 B',
    '1.0 kB',
    '14.7 MB',
    '1.0 MB',
  ])
  expect([0.84, 12.3, 2_345, 59_400, 200_000, 3_700_000].map(durationText)).toEqual([
    '0.8 ms',
    '12 ms',
    '2.3 s',
    '59 s',
    '3 min 20 s',
    '1 h 1 min',
  ])
  expect([0, 0.012, 0.5].map(percentText)).toEqual(['0 %', '1.2 %', '50 %'])
})
