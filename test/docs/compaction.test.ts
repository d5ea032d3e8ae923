// Holds the figures of docs/compaction.md to the simulator: the commands on the page are run again.

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const page = readFileSync(new URL('../../docs/compaction.md', import.meta.url), 'utf8')
const fences = [...page.matchAll(/```console\n\$ npm run --silent simulate -- ([^\n]*)\n([^`]*)```/g)]
/** A minute of work for nothing new. */
const isLong = (args: string) => args.includes('1e9')

describe('docs/compaction.md', () => {
  test('has figures', () => {
    expect(fences.filter(([, args = '']) => !isLong(args))).toHaveLength(3)
  })

  test.each(fences.map(([, args = '', output = '']) => ({ args, output })).filter(({ args }) => !isLong(args)))(
    'says what the simulator says: $args',
    ({ args, output }) => {
      const { stdout, stderr } = spawnSync(process.execPath, ['tools/simulate.mjs', ...args.split(' ')], {
        cwd: root,
        encoding: 'utf8',
      })
      expect(stderr).toBe('')
      expect(stdout).toBe(output)
    },
  )
})
