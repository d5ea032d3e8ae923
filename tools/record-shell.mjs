// Records docs/shell-session.md: the shell in a real terminal, driven by tmux as a person would, key by key.
//
//   npm run build && node tools/record-shell.mjs

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const bin = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
const page = new URL('../docs/shell-session.md', import.meta.url)
const columns = 110
const session = `marquetry-${process.pid}`

/** What is typed, and what has to be on the screen before the next is; `<Tab>` and the like are keys. */
const scenes = [
  {
    title: 'A new directory: a key–value table is ready',
    steps: [
      'put user:1 Alice',
      'put user:2 "Bob Brown"',
      'get user:1',
      'scan --prefix user:',
      'delete user:1',
      'get user:1',
    ],
  },
  {
    title: 'Typed tables',
    steps: [
      '.create flights date:timestamp origin:utf8 number:int32 delay:int32? distance:int64 key date origin number',
      'put 2001-03-01T06:25Z ATL 17 75 9007199254740993',
      'put {"date":"2001-03-01T07:10Z","origin":"ORD","number":3,"distance":606}',
      'put 2001-03-02 ATL 17 -4 215',
      'get 2001-03-01T06:25Z ATL 17',
      'scan --columns date,delay --where "origin = \'ATL\' and delay between -10 and 100"',
      '.mode ndjson',
      'scan --gte 2001-03-02',
      '.mode table',
      '.schema flights',
    ],
  },
  {
    title: 'Mistakes say what was expected, and where',
    steps: ['scan --where "delay > 60 and origin"', 'put yesterday ATL 17 0 1', 'scan --where "speed > 1"'],
  },
  {
    title: 'Tab completes commands, tables, columns and options',
    steps: ['sc<Tab>--col<Tab>or<Tab>,del<Tab> --lim<Tab>2', '.use k<Tab>', 'count'],
  },
  {
    title: 'Below the rows: Parquet files, levels, plans',
    steps: [
      '.use flights',
      'flush',
      'put 2001-03-01T06:25Z ATL 17 80 600',
      'flush',
      'stats',
      'explain --where "delay > 60"',
      'compact',
      'stats',
      '.tables',
      'exit',
    ],
  },
]

const tmux = (...args) => execFileSync('tmux', ['-L', session, ...args], { encoding: 'utf8' })
const screen = () => tmux('capture-pane', '-p', '-J', '-S', '-2000', '-t', session).trimEnd()
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Waits until the screen says so; gives up after half a minute. */
async function until(isThere, what) {
  for (let i = 0; i < 600; i++) {
    const shown = screen()
    if (isThere(shown)) return shown
    await pause(50)
  }
  throw new Error(`never seen: ${what}\n${screen()}`)
}

const isPrompt = (line) => /^[\w.]+>( |$)/.test(line)
const promptsOf = (shown) => shown.split('\n').filter(isPrompt).length

/** Types a step and waits for the next prompt, or for the end after `exit`. */
async function type(step) {
  const before = promptsOf(screen())
  for (const part of step.split(/(<Tab>)/).filter(Boolean)) {
    if (part === '<Tab>') {
      const shown = screen()
      tmux('send-keys', '-t', session, 'Tab')
      await until((now) => now !== shown, `a completion in ${step}`)
    } else tmux('send-keys', '-t', session, '-l', '--', part)
    await pause(100) // a tab right behind letters would count as pasted
  }
  tmux('send-keys', '-t', session, 'Enter')
  if (step === 'exit') await until((shown) => /\n\$\s*$/.test(shown), 'the end')
  else
    await until(
      (shown) => promptsOf(shown) > before && isPrompt(shown.split('\n').at(-1) ?? ''),
      `a prompt after ${step}`,
    )
}

const directory = mkdtempSync(join(tmpdir(), 'marquetry-record-'))
try {
  writeFileSync(join(directory, 'marquetry'), `#!/bin/sh\nexec ${process.execPath} ${bin} "$@"\n`, {
    mode: 0o755,
  })
  const shell = `exec env PS1='$ ' MARQUETRY_HISTORY= PATH='${directory}:${process.env.PATH}' sh`
  const size = ['-x', String(columns), '-y', '50']
  tmux('-f', '/dev/null', 'new-session', '-d', '-s', session, ...size, '-c', directory, shell)
  await until((shown) => shown.trim() === '$', 'the prompt of the system')
  tmux('send-keys', '-t', session, '-l', 'marquetry shell mydata')
  tmux('send-keys', '-t', session, 'Enter')
  await until((shown) => isPrompt(shown.split('\n').at(-1) ?? ''), 'the first prompt')
  const sections = []
  let seen = 0
  for (const { title, steps } of scenes) {
    for (const step of steps) await type(step)
    const lines = screen().split('\n')
    const end = isPrompt(lines.at(-1) ?? '') || lines.at(-1)?.trim() === '$' ? lines.length - 1 : lines.length
    sections.push(
      `## ${title}\n\n\`\`\`\n${lines
        .slice(seen, end)
        .map((line) => line.trimEnd())
        .join('\n')}\n\`\`\`\n`,
    )
    seen = end
  }
  const head = `# A session of the shell

Recorded in a terminal by \`tools/record-shell.mjs\`, which types it by tmux and writes this page; [cli.md](cli.md) explains the
commands.
`
  writeFileSync(page, [head, ...sections].join('\n'))
  console.log('docs/shell-session.md is recorded anew')
} catch (error) {
  if (error.code === 'ENOENT') console.error('record-shell needs tmux: apt-get install tmux')
  else console.error(error)
  process.exitCode = 1
} finally {
  try {
    tmux('kill-server')
  } catch {}
  rmSync(directory, { recursive: true, force: true })
}
