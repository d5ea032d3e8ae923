// A tree, as the deletion of a range sees it.

import type { CommitQueue } from './commit-queue.js'
import type { RangeDeletionHost } from './delete-range.js'
import type { LsmTree } from './lsm-tree.js'
import type { SnapshotSet } from './snapshot-set.js'
import type { TreeFiles } from './tree-files.js'
import type { WrittenKeys } from './written-keys.js'

/** The parts of a tree that a deletion works with. */
export interface DeletionParts {
  readonly tree: LsmTree
  readonly files: TreeFiles
  readonly queue: CommitQueue
  readonly snapshots: SnapshotSet
  /** Told the keys of every record from the moment on at which they are in the set. */
  readonly watchers: Set<WrittenKeys>
}

/** Requires: made in the same step in which the deletion begins. */
export function deletionHost({ tree, files, queue, snapshots, watchers }: DeletionParts): RangeDeletionHost {
  return {
    schema: tree.schema,
    get version() {
      return files.version
    },
    lastSeq: tree.environment.sequence.next - 1,
    watch: (keys) => {
      watchers.add(keys)
      return () => watchers.delete(keys)
    },
    keepLoadsOut: () => tree.loads.keepOut(),
    barrier: () => queue.barrier(),
    hasSnapshots: () => snapshots.size > 0,
    claim: (tables) => tree.compaction.claim(tables),
    keys: (range, except) => tree.scan({ range, project: tree.schema.key, reverse: false, except }),
    write: (encode) => tree.write(encode),
    remove: async (tables, isAllowed) => {
      let removed = false
      await queue.sync()
      await files.edit(() => {
        removed = isAllowed()
        return removed ? { removeTables: tables.map(({ number }) => number) } : {}
      })
      tree.compaction.changed()
      return removed
    },
  }
}
