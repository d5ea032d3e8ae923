// All that a manifest knows of a table of the database, as a value; and the one function that changes it. Replay and
// the living engine call the same `applyEdit`, so what is read back is what was meant.

import type { LogJson, ManifestEdit, ManifestEditJson, ManifestStateJson } from '../format/manifest-record.js'
import type { SchemaJson } from '../format/schema.js'
import { metaFromJson, metaToJson } from '../format/sstable-meta.js'
import { assert } from '../util/assert.js'
import { type TableEdit, Version } from './version.js'

/** A change of a table's state, all of it at once. What is not given stays as it is. */
export interface VersionEdit extends TableEdit {
  /** Logs that come, with rising numbers. */
  readonly addLogs?: readonly LogJson[]
  /** Numbers of logs that are no longer needed. */
  readonly removeLogs?: readonly number[]
  readonly addSchema?: SchemaJson
  readonly currentSchemaId?: number
  /** Above every number that the edit uses. Raises the state's; a lower one changes nothing. */
  readonly nextNumber?: number
  /** Raises the state's, as the `maxSeq` of added tables does by itself; a lower one changes nothing. */
  readonly lastSeq?: number
}

/** What the manifest stores of one table of the database. Immutable. */
export interface TreeState {
  readonly tree: { readonly id: number; readonly name: string }
  /** Every schema that a log or an SSTable may refer to. */
  readonly schemas: readonly SchemaJson[]
  readonly currentSchemaId: number
  /** Logs that hold entries which are not in SSTables, oldest first. */
  readonly logs: readonly LogJson[]
  readonly version: Version
  /** Above every number of a log or an SSTable that was ever in the state. */
  readonly nextNumber: number
  readonly nextRunId: number
  /** At or above every sequence number in the SSTables; logs may hold higher ones. */
  readonly lastSeq: number
}

/** The state of a new table of the database: its schema, and nothing else. */
export function newTreeState(tree: TreeState['tree'], schema: SchemaJson): TreeState {
  return {
    tree,
    schemas: [schema],
    currentSchemaId: schema.id,
    logs: [],
    version: Version.empty,
    nextNumber: 1,
    nextRunId: 1,
    lastSeq: 0,
  }
}

/** The state after an edit. Throws an AssertionError if the edit does not fit, loses or doubles something. */
export function applyEdit(state: TreeState, edit: VersionEdit): TreeState {
  const { addTables = [], addSchema, run } = edit
  assert(
    addSchema === undefined || state.schemas.every(({ id }) => id !== addSchema.id),
    'an added schema has an id of its own',
  )
  const next: TreeState = {
    tree: state.tree,
    schemas: addSchema === undefined ? state.schemas : [...state.schemas, addSchema],
    currentSchemaId: edit.currentSchemaId ?? state.currentSchemaId,
    logs: applyLogs(state.logs, edit),
    version: state.version.apply(edit),
    nextNumber: Math.max(state.nextNumber, edit.nextNumber ?? 0),
    nextRunId: Math.max(state.nextRunId, (run?.id ?? 0) + 1),
    lastSeq: Math.max(state.lastSeq, edit.lastSeq ?? 0, ...addTables.map((table) => table.maxSeq)),
  }
  checkState(next)
  return next
}

/** Throws an AssertionError if parts of a state contradict each other. The version has checked itself. */
export function checkState(state: TreeState): void {
  const schemas = new Set(state.schemas.map(({ id }) => id))
  assert(schemas.size === state.schemas.length, 'ids of schemas are unique')
  assert(schemas.has(state.currentSchemaId), 'the current schema is among the schemas')
  const tables = state.version.allTables()
  const numbers = new Set<number>()
  for (const { number, schemaId } of [...state.logs, ...tables]) {
    assert(!numbers.has(number) && number < state.nextNumber, 'logs and tables have numbers of their own')
    numbers.add(number)
    assert(schemas.has(schemaId), 'the schemas of logs and tables are there')
  }
  assert(
    tables.every(({ maxSeq }) => maxSeq <= state.lastSeq),
    'no table is ahead of the sequence',
  )
  assert(
    state.version.runs.every(({ id }) => id < state.nextRunId),
    'ids of runs are below the next one',
  )
}

function applyLogs(
  logs: readonly LogJson[],
  { addLogs = [], removeLogs = [] }: VersionEdit,
): readonly LogJson[] {
  const removed = new Set(removeLogs)
  const kept = logs.filter(({ number }) => !removed.has(number))
  assert(logs.length - kept.length === removeLogs.length, 'an edit removes only logs that are there, each once')
  const next = [...kept, ...addLogs]
  assert(
    addLogs.every(({ number }) => logs.every((log) => log.number < number)),
    'an added log has a higher number than those before',
  )
  assert(
    next.every(({ number }, index) => index === 0 || next[index - 1]!.number < number),
    'logs are in order, oldest first',
  )
  return next
}

/** The first frame of a manifest. */
export function stateToJson(state: TreeState): ManifestStateJson {
  const { version, ...rest } = state
  const runs = version.runs.map(({ id, level, tables }) => ({ id, level, tables: tables.map(metaToJson) }))
  return { kind: 'state', ...rest, runs }
}

/** A further frame of a manifest. */
export function editToJson(edit: VersionEdit): ManifestEditJson {
  const { addTables, ...rest } = edit
  return { kind: 'edit', ...rest, ...(addTables === undefined ? {} : { addTables: addTables.map(metaToJson) }) }
}

/** Throws an AssertionError if what was written contradicts itself. */
export function stateFromJson(json: ManifestStateJson): TreeState {
  const { kind: _, runs, ...rest } = json
  const version = new Version(
    runs.map(({ id, level, tables }) => ({ id, level, tables: tables.map(metaFromJson) })),
  )
  const state = { ...rest, version }
  checkState(state)
  return state
}

/** The state after one more frame; `state` is undefined before the first. Throws an AssertionError as `applyEdit` does. */
export function replayEdit(state: TreeState | undefined, edit: ManifestEdit): TreeState {
  if (edit.kind === 'state') {
    assert(state === undefined, 'a state stands first')
    return stateFromJson(edit)
  }
  assert(state !== undefined, 'edits follow a state')
  const { kind: _, addTables, ...rest } = edit
  return applyEdit(state, addTables === undefined ? rest : { ...rest, addTables: addTables.map(metaFromJson) })
}
