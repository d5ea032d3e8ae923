// The shell: scripts that are piped into it, and conversations on a terminal.

import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { completionsOf } from '#src/cli/shell/complete.js'
import { runShell, startOnTerminal, temporaryDirectory } from './run-cli.js'

const flights = [
  '.create flights date:timestamp origin:utf8 n:int32 delay:int32? big:int64? raw:binary? key date origin n',
  'put {"date":"2001-03-01T06:25:00Z","origin":"ATL","n":0,"delay":75,"big":9007199254740993,"raw":"aGk="}',
  "put '2001-03-01 07:00' ORD 1 null null x'00ff'",
  'put 2001-03-02 "JFK" 1 -5 null null',
]

describe('a script', () => {
  test('finds a key–value table ready in a new directory', async () => {
    const dir = join(temporaryDirectory(), 'new')
    const { stdout, stderr, code } = await runShell(
      dir,
      'get user:1',
      'put user:1 Alice',
      'put user:2 "Bob  Brown"',
      'get user:1',
      'get user:2',
      'delete user:1',
      'get user:1',
      'scan --prefix user:',
    )
    expect(stdout).toBe('Alice\nBob  Brown\nkey     value\n──────  ──────────\nuser:2  Bob  Brown\n')
    expect(stderr).toBe('(there is no row with this key)\n'.repeat(2))
    expect(code).toBe(0)
    expect((await runShell(dir, '.tables', '.schema')).stdout).toBe(
      'kv\n.create kv key:utf8 value:utf8 key key\n',
    )
  })

  test('makes typed tables, and reads and writes them in every form', async () => {
    const { stdout, stderr, code } = await runShell(
      join(temporaryDirectory(), 'new'),
      ...flights,
      'scan',
      '.mode json',
      `scan --where "delay > 60 and origin = 'ATL'"`,
      '.mode ndjson',
      'scan --gte 2001-03-01T07:00Z --columns raw,origin --reverse',
      '.mode csv',
      'scan --columns delay,origin --limit 2',
      'count --prefix "2001-03-01T06:25Z A*"',
      '.mode table',
      'get ["2001-03-02T00:00:00Z", "JFK", 1]',
    )
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(stdout).toBe(
      `date                      origin  n  delay               big  raw
────────────────────────  ──────  ─  ─────  ────────────────  ───────
2001-03-01T06:25:00.000Z  ATL     0     75  9007199254740993  x'6869'
2001-03-01T07:00:00.000Z  ORD     1   null              null  x'00ff'
2001-03-02T00:00:00.000Z  JFK     1     -5              null  null
[
{"date":"2001-03-01T06:25:00.000Z","origin":"ATL","n":0,"delay":75,"big":9007199254740993,"raw":"aGk="}
]
{"raw":null,"origin":"JFK"}
{"raw":"AP8=","origin":"ORD"}
delay,origin\r
75,ATL\r
,ORD\r
1
date    2001-03-02T00:00:00.000Z
origin  JFK
n       1
delay   -5
big     null
raw     null
`,
    )
  })

  test('flushes, merges and tells sizes', async () => {
    const { stdout, code } = await runShell(
      join(temporaryDirectory(), 'new'),
      'put a 1',
      'flush',
      'put a 2',
      'delete b',
      'flush',
      'compact',
      'stats',
      'scan',
    )
    expect(code).toBe(0)
    expect(stdout).toMatch(/^kv {2}1 SSTable, 1 stored row, [\d.]+ k?B\n {2}in memory {2}0 entries, 0 B\n/)
    expect(stdout).toMatch(/\nkey {2}value\n.*\na {4}2\n$/)
  })

  test('ends at its first mistake, whose line it names; what was written before stays', async () => {
    const dir = join(temporaryDirectory(), 'new')
    const { stdout, stderr, code } = await runShell(dir, '# a comment', 'put a 1', '', 'put b', 'put c 3')
    expect({ stdout, stderr, code }).toEqual({
      stdout: '',
      stderr: 'marquetry: USAGE: a row is a JSON object, or 2 values (key value); 1 given (line 4)\n',
      code: 2,
    })
    expect((await runShell(dir, '.mode csv', 'scan', 'exit', 'nonsense')).stdout).toBe('key,value\r\na,1\r\n')
  })

  test('has to say which of several tables it means', async () => {
    const dir = join(temporaryDirectory(), 'new')
    const { stderr, code } = await runShell(dir, '.create a k:int32 key k', '.create b k:int32 key k', 'put 1')
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 }) // the table just made is in use
    expect((await runShell(dir, 'scan')).stderr).toBe(
      'marquetry: USAGE: choose a table with .use: a, b (line 1)\n',
    )
    expect((await runShell(dir, '.mode csv', '.use b', 'scan')).stdout).toBe('k\r\n1\r\n')
  })

  test('shows no control character that data contain', async () => {
    const dir = join(temporaryDirectory(), 'new')
    const { stdout } = await runShell(dir, 'put {"key":"\\u001b[31mred","value":"two\\nlines"}', 'scan')
    expect(stdout).toContain('\\u001b[31mred  two\\nlines')
  })
})

describe('on a terminal', () => {
  test('it greets, prompts, completes, keeps its history private, and survives mistakes and Ctrl-C', async () => {
    const directory = temporaryDirectory()
    const history = join(directory, 'history')
    const terminal = startOnTerminal(['shell', join(directory, 'new')], {
      env: { MARQUETRY_HISTORY: history, NO_COLOR: '1' },
    })
    await terminal.shows('is new. Put pairs of texts')
    await terminal.shows('kv> ')
    terminal.type('put user:1 Alice\r')
    await terminal.shows('kv> ')
    terminal.type('nonsense\r')
    await terminal.shows('USAGE: there is no command nonsense; .help lists those there are')
    await terminal.shows('kv> ')
    terminal.type('half a li\u0003')
    await terminal.shows('kv> ')
    for (const [keys, shown] of [
      ['sca', 'sca'],
      ['\t', 'n '], // a tab only completes if it comes alone: otherwise it was pasted
      ['--lim', '--lim'],
      ['\t', 'it '],
    ] as const) {
      terminal.type(keys)
      await terminal.shows(shown)
    }
    terminal.type('1\r')
    await terminal.shows('(1 row, ')
    await terminal.shows('kv> ')
    terminal.type('exit\r')
    const { code, stdout } = await terminal.outcome
    expect(code).toBe(0)
    expect(stdout).not.toContain('\u001b[36m')
    expect(readFileSync(history, 'utf8')).toBe('put user:1 Alice\nnonsense\nscan --limit 1\nexit\n')
    expect(statSync(history).mode & 0o777).toBe(0o600)
  })

  test('Ctrl-D leaves, and what was put is there', async () => {
    const dir = join(temporaryDirectory(), 'new')
    const terminal = startOnTerminal(['shell', dir])
    await terminal.shows('> ')
    terminal.type('put a 1\r')
    await terminal.shows('> ')
    terminal.type('\u0004')
    expect((await terminal.outcome).code).toBe(0)
    expect((await runShell(dir, 'get a')).stdout).toBe('1\n')
  })
})

describe('tab', () => {
  const names = { tables: ['flights', 'fares'], columns: ['delay', 'date', 'origin'] }
  test.each([
    ['', 'put '],
    ['sc', 'scan '],
    ['.m', '.mode '],
    ['.use f', 'flights'],
    ['.schema fl', 'flights'],
    ['.mode nd', 'ndjson'],
    ['scan --w', '--where '],
    ['scan --columns de', 'delay'],
    ['scan --columns delay,or', 'origin'],
    ['count --where "delay > 60 and or', 'origin'],
    ['scan --columns delay,origin --lim', '--limit '],
    ['scan --where "delay > 60" --rev', '--reverse '],
  ])('after `%s` offers %s', (line, offered) => {
    const [candidates, word] = completionsOf(line, names)
    expect(candidates).toContain(offered)
    expect(candidates.every((candidate) => candidate.startsWith(word))).toBe(true)
    expect(line.endsWith(word)).toBe(true)
  })
})
