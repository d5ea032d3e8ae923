// Writers killed with SIGKILL, again and again in the same directory, under options drawn anew each time: at random times,
// after an acknowledgement, inside chosen file operations, while flushing, merging, opening and closing.

import type { Preset } from 'marquetry'
import { Directory, drawMoment, drawOptions, type Moment } from '../kill/directory.js'
import type { Trap } from '../kill/processes.js'
import { type Part, testParts } from './parts.js'
import type { Ledger } from './report.js'
import { rounds, seed } from './settings.js'

const directories = 5 * rounds
const killsPerDirectory = 11

type Random = () => number
const oneOf = <T>(random: Random, choices: readonly T[]): T =>
  choices[Math.floor(random() * choices.length)] as T

const presets: readonly Preset[] = ['balanced', 'high-performance', 'memory-efficient']

/** Operations that change files, by the files that they change. */
const trapped: readonly (readonly [operation: string, path: string])[] = [
  ['write', '\\.wal$'], ['sync', '\\.wal$'], ['create', '\\.wal$'], ['remove', '\\.wal$'], ['truncate', '\\.wal$'],
  ['write', '/MANIFEST-'], ['sync', '/MANIFEST-'], ['create', '/MANIFEST-'], ['rename', '/MANIFEST-'],
  ['write', '/CATALOG'], ['rename', '/CATALOG'], ['rename', '/FORMAT'], ['makeDirectory', '/(left|right)'],
  ['create', '/tmp/'], ['write', '/tmp/'], ['sync', '/tmp/'], ['rename', '/sst/'], ['remove', '/(sst|tmp)/'],
  ['syncDirectory', '/sst$'], ['syncDirectory', '/tmp$'], ['syncDirectory', '/(left|right)$'], ['write', '/HISTORY'],
  ['lock', ''], ['close', ''],
] // biome-ignore format: a list

function drawTrap(random: Random): Trap {
  const [operation, path] = oneOf(random, trapped)
  return {
    operation,
    path,
    nth: 1 + Math.floor(random() ** 3 * 30),
    when: oneOf(random, ['before', 'half', 'after']),
    inline: random() < 0.5,
  }
}

function draw(random: Random): Moment {
  const kind = random()
  if (kind < 0.4) return { event: 'trap', nth: 1, delayMs: 0, trap: drawTrap(random) }
  if (kind < 0.6) {
    const event = oneOf(random, ['flushing', 'merging'] as const)
    return { event, nth: 1 + Math.floor(random() * 4), delayMs: Math.floor(random() * 20) }
  }
  const moment = drawMoment(random)
  // Fewer batches per kill than in the ordinary test: more kills in the same time.
  return { ...moment, nth: Math.ceil(moment.nth / 3) }
}

async function killIn(ledger: Ledger, number: number): Promise<void> {
  const directory = new Directory(
    { options: (random) => drawOptions(oneOf(random, presets), random), moment: draw },
    seed + number,
  )
  try {
    for (let round = 1; directory.kills < killsPerDirectory && ledger.violations.length === 0; round++) {
      await ledger.time(`seed ${seed + number}, round ${round}`, async () => {
        const before = directory.kills
        const { event } = await directory.round(`seed ${seed + number}, round ${round}`)
        ledger.count('rounds')
        if (directory.kills > before) ledger.count(`kills (${event})`)
      })
    }
    ledger.count('kills', directory.kills)
    ledger.count('acknowledged batches checked', directory.acknowledged)
    ledger.count('second openers refused', directory.refused)
  } finally {
    directory.remove()
  }
}

const parts = Array.from(
  { length: directories },
  (_, number): Part => ({
    name: `${killsPerDirectory} kills in directory ${number}`,
    run: (ledger) => killIn(ledger, number),
  }),
)
testParts('kill', parts)
