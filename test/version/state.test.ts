import { describe, expect, test } from 'vitest'
import type { LogJson } from '#src/format/manifest-record.js'
import { AssertionError } from '#src/util/assert.js'
import {
  applyEdit,
  editToJson,
  newTreeState,
  replayEdit,
  stateFromJson,
  stateToJson,
  type VersionEdit,
} from '#src/version/state.js'
import { forSeeds, schema, table, Workload } from './support.js'

const log = (number: number, schemaId = 1): LogJson => ({ number, id: '00000000000000ab', schemaId })
const empty = newTreeState({ id: 1, name: 'flights' }, schema)
const base = applyEdit(empty, {
  addLogs: [log(2), log(5)],
  addTables: [table(3, 1, 4, { maxSeq: 12 }), table(4, 6, 9)],
  run: { id: 6, level: 0 },
  nextNumber: 8,
})

test('an edit changes what it names, and nothing else', () => {
  expect(base).toMatchObject({ currentSchemaId: 1, nextNumber: 8, nextRunId: 7, lastSeq: 12, tree: empty.tree })
  expect(applyEdit(base, {})).toEqual(base)
  const second = { ...schema, id: 2 }
  const next = applyEdit(base, { addSchema: second, currentSchemaId: 2, removeLogs: [2], lastSeq: 40 })
  expect(next).toEqual({ ...base, schemas: [schema, second], currentSchemaId: 2, logs: [log(5)], lastSeq: 40 })
})

test('counters never fall', () => {
  expect(applyEdit(base, { nextNumber: 1, lastSeq: 1 })).toEqual(base)
})

describe('refused', () => {
  const cases: Record<string, VersionEdit> = {
    'removing a log that is not there': { removeLogs: [3] },
    'removing a log twice': { removeLogs: [2, 2] },
    'adding a log older than one that is there': { addLogs: [log(1)] },
    'adding a log that is there': { addLogs: [log(5)] },
    'adding a log and removing it at once': { addLogs: [log(7)], removeLogs: [7] },
    'adding logs out of order': { addLogs: [log(7), log(6)] },
    'a log with the number of a table': {
      addLogs: [log(6)],
      addTables: [table(6, 1, 2)],
      run: { id: 7, level: 0 },
    },
    'a number that the counter has not reached': { addLogs: [log(8)] },
    'a log with an unknown schema': { addLogs: [log(7, 2)] },
    'a table with an unknown schema': {
      addTables: [table(7, 1, 2, { schemaId: 2 })],
      run: { id: 7, level: 0 },
    },
    'a second schema with the same id': { addSchema: schema },
    'an unknown current schema': { currentSchemaId: 2 },
    'removing a table that is not there': { removeTables: [5] },
  }
  for (const [what, edit] of Object.entries(cases)) {
    test(what, () => expect(() => applyEdit(base, edit)).toThrow(AssertionError))
  }

  test('a stored state that contradicts itself', () => {
    const json = stateToJson(base)
    expect(stateFromJson(json)).toEqual(base)
    for (const broken of [{ lastSeq: 11 }, { nextNumber: 5 }, { nextRunId: 6 }, { currentSchemaId: 4 }]) {
      expect(() => stateFromJson({ ...json, ...broken })).toThrow(AssertionError)
    }
    expect(() => replayEdit(base, json)).toThrow(AssertionError)
    expect(() => replayEdit(undefined, { kind: 'edit' })).toThrow(AssertionError)
  })
})

test('replaying what was written gives the states that lived, from any of them on', async () => {
  await forSeeds(30, (random) => {
    const workload = new Workload(random)
    const states = [workload.state]
    const written: string[] = []
    for (let i = 0; i < 40; i++) {
      written.push(JSON.stringify(editToJson(workload.step())))
      states.push(workload.state)
    }
    const from = workload.below(states.length)
    let state = replayEdit(undefined, JSON.parse(JSON.stringify(stateToJson(states[from]!))))
    expect(state).toEqual(states[from])
    for (let i = from; i < written.length; i++) {
      state = replayEdit(state, JSON.parse(written[i]!))
      expect(state).toEqual(states[i + 1])
    }
  })
})
