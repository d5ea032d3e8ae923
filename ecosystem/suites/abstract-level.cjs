// abstract-level's own test suite, that of the version that marquetry/level is built on: node suites/abstract-level.cjs
// Prints what failed, and as its last line how many tests passed and failed, as JSON.

const { createRequire } = require('node:module')
const test = require('tape')
const { Level, newPath, done } = require('../level.cjs')

const suite = createRequire(require.resolve('../../package.json'))('abstract-level/test')
const isHostile = process.env.MARQUETRY_LEVEL_OPTIONS !== undefined

/** Names of tests by tape's number, and the tests of which an assertion failed. */
const names = new Map()
const failed = new Set()
let assertions = 0

test.createStream({ objectMode: true }).on('data', (row) => {
  if (row.type === 'test') names.set(row.id, row.name)
  if (row.type !== 'assert') return
  assertions++
  if (row.ok || row.todo || row.skip) return
  failed.add(row.test)
  console.log(
    `not ok: ${names.get(row.test)}: ${row.name}`,
    { expected: row.expected, actual: row.actual },
    row.error,
  )
})

suite({ test, factory: (options) => new Level(newPath(), options) })

test('the configuration did what it is for', (t) => {
  t.ok(done.databases > 400, `${done.databases} databases`)
  t.ok(!isHostile || done.merges > 100, `${done.flushes} flushes, ${done.merges} merges`)
  t.end()
})

test.onFinish(() => {
  const count = names.size - failed.size
  console.log(`${assertions} assertions, ${JSON.stringify(done)}`)
  console.log(JSON.stringify({ passed: count, failed: failed.size }))
})
