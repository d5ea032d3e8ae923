// Engines with one mistake each in a protocol, and who has to catch them. A mistake is a flaw of the file system, as if the
// engine had forgotten a step, or one exact piece of the built code that is another one. Nothing of this is in the package.

import type { FileSystem, OpenOptions } from 'marquetry'
import { type Mutant, mutants as mergeMutants } from '../compaction/mutants.js'
import { flaws } from '../crash/flaws.js'
import type { WorkloadName } from '../crash/workloads.js'

/** What catches a mutant: a workload of the crash machine, the error machine, random histories, or a second opener. */
export type Catcher =
  | { readonly crash: WorkloadName; readonly options?: OpenOptions }
  | { readonly errors: 'a life' | 'merges'; readonly only: RegExp }
  | 'histories'
  | 'second opener'

export interface ProtocolMutant {
  readonly flaw?: (inner: FileSystem) => FileSystem
  readonly code?: Mutant
  readonly caughtBy: Catcher
}

const flawed = (name: string, crash: WorkloadName): ProtocolMutant => ({
  flaw: flaws[name]!,
  caughtBy: { crash },
})

const mistakes: Readonly<Record<string, ProtocolMutant>> = {
  'the log is not synced': flawed('the log is not synced', 'single puts'),
  'zeros stay at the end of sealed logs': flawed(
    'zeros stay at the end of sealed logs',
    'rotation, zeros ahead',
  ),
  'logs whose zeros were cut off are not synced': flawed(
    'logs whose zeros were cut off are not synced',
    'rotation, zeros ahead',
  ),
  'the manifest is not synced': flawed('the manifest is not synced', 'flush'),
  'SSTables are not synced': flawed('SSTables are not synced', 'flush'),
  'the catalog is not synced': flawed('the catalog is not synced', 'single puts'),
  'a table directory is not synced': flawed('a table directory is not synced', 'single puts'),
  'the renaming of SSTables is not synced': flawed('the renaming of SSTables is not synced', 'flush'),
  'the database directory is not synced': flawed('the database directory is not synced', 'single puts'),
  'a log is removed before its flush is committed': flawed(
    'a log is removed before its flush is committed',
    'flush',
  ),
  'a write is acknowledged before its log is synced': {
    code: {
      file: 'tree/commit-queue.js',
      is: "if (this.#options.wal === 'sync')\n            await this.#sync(log);",
      becomes:
        "if (this.#options.wal === 'sync')\n            setTimeout(() => this.#sync(log).catch(() => {}), 1);",
    },
    caughtBy: { crash: 'single puts' },
  },
  'a rotation does not sync the old log': {
    code: {
      file: 'tree/commit-queue.js',
      is: 'await this.#sync(log);\n        await log.close();',
      becomes: 'await log.close();',
    },
    caughtBy: { crash: 'log synced when the system likes' },
  },
  'a batch is split into records of its own': {
    code: {
      file: 'table.js',
      is: 'await this.#tree.write((memtable, seq) => {\n            if (!Array.isArray(operations))',
      becomes:
        'if (operations.length > 1)\n            return void await Promise.all(operations.map((operation) => this.batch([operation])));\n        await this.#tree.write((memtable, seq) => {\n            if (!Array.isArray(operations))',
    },
    caughtBy: { crash: 'batches' },
  },
  'the checksum of log records is not checked': {
    code: {
      file: 'format/log-record.js',
      is: '|| view.getUint32(start, true) !== crc32(bytes.subarray(start + 4, end))',
      becomes: '',
    },
    caughtBy: { crash: 'single puts' },
  },
  'the checksum of manifest frames is not checked': {
    code: {
      file: 'format/manifest-record.js',
      is: '|| chainOf(bytes, at, length, chain) !== view.getUint32(at + 4, true)',
      becomes: '',
    },
    caughtBy: { crash: 'flush' },
  },
  'a manifest is written in place': {
    code: {
      file: 'version/manifest.js',
      is: 'const temporary = path + temporarySuffix;',
      becomes: 'const temporary = path;',
    },
    caughtBy: { crash: 'new manifest, torn' },
  },
  'the old manifest goes before the new one has its name': {
    code: {
      file: 'version/manifest.js',
      is: 'this.#file = await publish(this.#fs, this.#directory, prepared);',
      becomes:
        'await this.#fs.remove(oldPath); await this.#fs.syncDirectory(this.#directory);\n                this.#file = await publish(this.#fs, this.#directory, prepared);',
    },
    caughtBy: { crash: 'new manifest, torn' },
  },
  'the last frame of a manifest is not settled at open': {
    code: { file: 'version/manifest.js', is: 'if (!decoded.torn && frames > 1)', becomes: 'if (frames < 0)' },
    caughtBy: { errors: 'a life', only: /^sync .*MANIFEST-\d+$/ },
  },
  'the catalog is not settled at open': {
    code: {
      file: 'database-directory.js',
      is: 'async settle() {\n        await this.#fs.syncDirectory(this.path);',
      becomes: 'async settle() {',
    },
    caughtBy: { crash: 'single puts' },
  },
  'the tail of the newest log is not settled at open': {
    code: {
      file: 'tree/recovery.js',
      is: 'await settleTail(input.fs, before);',
      becomes: '{}',
    },
    caughtBy: { crash: 'single puts' },
  },
  'a torn tail is replayed past': {
    code: {
      file: 'format/log-record.js',
      is: 'if (proof >= 0)\n',
      becomes: 'at++;\n                if (proof < 0) continue;\n                if (proof < 0)\n',
    },
    caughtBy: { crash: 'concurrent writers' },
  },
  'a log is not listed in the manifest': {
    code: {
      file: 'tree/new-log.js',
      is: 'await files.edit({ addLogs: [{ number, id: memtable.logId, schemaId }] });',
      becomes: '',
    },
    caughtBy: { crash: 'single puts' },
  },
  'a log is listed before its directory is synced': {
    code: {
      file: 'tree/new-log.js',
      is: 'await fs.syncDirectory(files.directory);\n    await files.edit({ addLogs: [{ number, id: memtable.logId, schemaId }] });',
      becomes:
        'await files.edit({ addLogs: [{ number, id: memtable.logId, schemaId }] });\n    await fs.syncDirectory(files.directory);',
    },
    caughtBy: { crash: 'single puts' },
  },
  'flushes are committed out of the order of their logs': {
    code: { file: 'tree/flusher.js', is: 'if (before !== undefined)', becomes: 'if (before === null)' },
    caughtBy: { crash: 'rotation, uneven' },
  },
  'a flush leaves the removal of its log out of its edit': {
    code: {
      file: 'tree/tree-flush.js',
      is: 'await files.edit({ removeLogs, addTables:',
      becomes: 'await files.edit({ addTables:',
    },
    caughtBy: { crash: 'flush' },
  },
  'orphans are left where they are': {
    code: {
      file: 'tree/tree-files.js',
      is: 'if (ofTable.length > 0)',
      becomes: 'if (false)',
    },
    caughtBy: { crash: 'flush' },
  },
  'sequence numbers begin anew at open': {
    code: {
      file: 'database-environment.js',
      is: 'sequence.next = Math.max(sequence.next, last + 1);',
      becomes: '',
    },
    caughtBy: 'histories',
  },
  'deleteRange lets tables go before it has written its tombstones': {
    code: {
      file: 'tree/delete-range.js',
      is: 'await bury(host, range, new Set(tables.map(({ number }) => number)), later);',
      becomes: '',
    },
    caughtBy: { crash: 'deleteRange' },
  },
  'a dropped table is removed before the catalog stops naming it': {
    code: {
      file: 'database-directory.js',
      is: 'const left = tables.filter(',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a template of the code that is changed
      becomes: 'await this.#fs.remove(`${this.path}/${entry.name}/sst`);\n        const left = tables.filter(',
    },
    caughtBy: { crash: 'tables made and dropped' },
  },
  'a merge is committed before its outputs have their place': {
    code: {
      file: 'tree/tree-files.js',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a template of the code that is changed
      is: 'await this.#fs.syncDirectory(`${directory}/${directories.sstables}`);',
      becomes: '',
    },
    caughtBy: { crash: 'leveled compaction' },
  },
  'the lock is not taken': {
    code: { file: 'database-directory.js', is: "if ('heldBy' in lock)", becomes: "if ('nobody' in lock)" },
    caughtBy: 'second opener',
  },
  'writes go on after one has failed': {
    code: {
      file: 'database-environment.js',
      is: 'fail(cause) {',
      becomes: 'fail(cause) {\n            return;',
    },
    caughtBy: { errors: 'a life', only: /^sync .*\.wal$/ },
  },
  'a failed sync of the log counts as done': {
    code: {
      file: 'wal/log-writer.js',
      is: 'await this.#file.sync();',
      becomes: 'await this.#file.sync().catch(() => {});',
    },
    caughtBy: { errors: 'a life', only: /^sync .*\.wal$/ },
  },
  'a failed sync of the manifest counts as done': {
    code: {
      file: 'version/manifest.js',
      is: 'await file.sync();\n                // A crash here leaves the edit',
      becomes: 'await file.sync().catch(() => {});\n                // A crash here leaves the edit',
    },
    caughtBy: { errors: 'a life', only: /^sync .*MANIFEST-\d+$/ },
  },
}

export const protocolMutants: Readonly<Record<string, ProtocolMutant>> = {
  ...mistakes,
  ...Object.fromEntries(
    Object.entries(mergeMutants).map(([name, code]): [string, ProtocolMutant] => [
      name,
      { code, caughtBy: 'histories' },
    ]),
  ),
}
