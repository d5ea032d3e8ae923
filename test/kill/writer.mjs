// The process that is killed: opens the database, writes batches and says on its standard output what it is about to
// send and what was acknowledged. Its argument is a plan as JSON (see processes.ts).
//
// Lines are written synchronously, so whatever happened before the kill has been said: `sent` stands before its
// batch is handed to the database, `acked` behind the batch's promise.

import { writeSync } from 'node:fs'
import { open, t } from 'marquetry'
import { nodeFileSystem } from '#src/fs/node.js'
import { seededRandom } from '#src/util/seeded-random.js'
import { deadlyFileSystem } from './deadly.mjs'

const plan = JSON.parse(process.argv[2])

function say(message) {
  const line = Buffer.from(`${JSON.stringify(message)}\n`)
  for (let done = 0; done < line.length; ) {
    try {
      done += writeSync(1, line, done)
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error
    }
  }
}

const random = seededRandom(plan.seed)
const whole = (most) => Math.floor(random() * most)

const schema = {
  columns: { group: t.int32(), key: t.utf8(), stamp: t.int32(), note: t.utf8().nullable() },
  key: ['group', 'key'],
}

/** Keys of a batch: some neighbours, some far apart, from few enough that most are overwritten again and again. */
function drawOperations() {
  const count = random() < 0.4 ? 1 : 2 + whole(9)
  const operations = new Map()
  while (operations.size < count) {
    const [group, key] = [whole(6), `key ${whole(40)}`]
    operations.set(`${group} ${key}`, {
      group,
      key,
      remove: random() < 0.15,
      noteLength: random() < 0.7 ? whole(60) : -1,
    })
  }
  return [...operations.values()]
}

const noteOf = (stamp, length) => (length < 0 ? null : `${stamp}:${'x'.repeat(length)}`)

function send(table, stamp, operations) {
  const steps = operations.map(({ group, key, remove, noteLength }) =>
    remove
      ? { type: 'delete', key: [group, key] }
      : { type: 'put', row: { group, key, stamp, note: noteOf(stamp, noteLength) } },
  )
  say({
    sent: stamp,
    table: table.name,
    operations: operations.map(({ group, key, remove, noteLength }) => ({
      key: `${group} ${key}`,
      value: remove ? undefined : `${stamp} ${noteOf(stamp, noteLength)}`,
    })),
  })
  const [only, ...others] = steps
  if (others.length > 0) return table.batch(steps)
  return only.type === 'put' ? table.put(only.row) : table.delete(only.key)
}

async function sendOne(table, stamp) {
  await send(table, stamp, drawOperations())
  say({ acked: stamp, table: table.name })
}

say({ opening: true })
const fileSystem = plan.trap && deadlyFileSystem(nodeFileSystem(), plan.trap)
const db = await open(plan.directory, { ...plan.options, fileSystem })
db.on('compaction', ({ phase }) => phase === 'start' && say({ merging: true }))
const tables = [await db.table('left', schema), await db.table('right', schema)]
say({ opened: true })
let stamp = plan.firstStamp
for (let rounds = 0; rounds < plan.roundsMax; rounds++) {
  const together = random() < 0.5 ? 1 : 2 + whole(12)
  const acknowledged = []
  for (let i = 0; i < together; i++) acknowledged.push(sendOne(tables[whole(tables.length)], stamp++))
  if (random() < 0.03) {
    say({ flushing: true })
    acknowledged.push(tables[whole(2)].flush())
  }
  await Promise.all(acknowledged)
}
say({ closing: true })
await db.close()
say({ closed: true })
