// What a simulated disk holds, twice over: as programs see it and as it would be after a power cut (durable).
//
// A directory's durable entries are brought up to date by syncing it. In between, each change of entries stands in a
// journal, with these rules:
// 1. A change is atomic: a rename's removal and addition become durable together or not at all.
// 2. A change becomes durable only with or after the earlier changes it rests on: those of the same entries and, if
//    it removes a directory, those within it. All other changes may become durable in any order.
// So a rename between two directories is durable once either is synced, as on file systems with a journal.

import { createHash } from 'node:crypto'
import { type FileNode, type TornData, tornDatas } from './memory-file.js'

export type Node = FileNode | DirectoryNode

let lastId = 0

/** A directory's entries, seen and durable. The tree alone changes them. */
export class DirectoryNode {
  readonly kind = 'directory'
  readonly id = ++lastId
  entries = new Map<string, Node>()
  durable = new Map<string, Node>()
}

/** An entry that is set or, with no node, removed. */
interface EntryEdit {
  readonly directory: DirectoryNode
  readonly name: string
  readonly node: Node | undefined
}

/** Edits that become durable together. */
interface Change {
  readonly edits: readonly EntryEdit[]
  readonly removed: readonly DirectoryNode[]
  /** Entries and directories it changes, and those whose earlier changes it rests on. */
  readonly touches: ReadonlySet<string>
  readonly needs: ReadonlySet<string>
}

/** What a power cut makes durable of that which was not. */
export interface Tear {
  readonly random: () => number
  /** Of files; default: drawn for each file. */
  readonly data?: TornData
  /** Of the changes of directories: none, all, or (default) each or not. */
  readonly entries?: 'lost' | 'kept' | 'some'
  /**
   * `whole` (default): a rename leaves the old name or the new one, as on file systems with a journal. `halved`: of a file also
   * both or, as without a journal, neither. Directories have one name at any time.
   */
  readonly renames?: 'whole' | 'halved'
}

const within = (directory: DirectoryNode) => `${directory.id}/`

/** The directories and files from one root on, and the journal of entry changes that are not durable yet. */
export class Tree {
  readonly root: DirectoryNode
  #journal: Change[] = []

  constructor(root = new DirectoryNode()) {
    this.root = root
  }

  /** Changes entries at once for those who look; durably when one of their directories is synced. */
  change(...edits: readonly EntryEdit[]): void {
    const kept = new Set(edits.map((edit) => edit.node))
    const removed: DirectoryNode[] = []
    for (const { directory, name, node } of edits) {
      const before = directory.entries.get(name)
      if (before?.kind === 'directory' && !kept.has(before)) removed.push(before)
      if (node === undefined) directory.entries.delete(name)
      else directory.entries.set(name, node)
    }
    this.#journal.push(describe(edits, removed))
  }

  /** Makes a directory's entries durable, with all changes that this rests on. */
  syncDirectory(directory: DirectoryNode): void {
    const needed = new Set([within(directory)])
    const chosen: Change[] = []
    const rest: Change[] = []
    for (const change of this.#journal.toReversed()) {
      if (isDisjoint(change.touches, needed)) {
        rest.push(change)
        continue
      }
      chosen.push(change)
      for (const need of change.needs) needed.add(need)
    }
    for (const change of chosen.reverse()) apply(change)
    this.#journal = rest.reverse()
  }

  /** A copy that shares nothing with this tree: what is seen, what is durable, and the journal between them. */
  clone(): Tree {
    const clones = new Map<Node, Node>()
    const cloneOf = <N extends Node>(node: N): N => {
      const known = clones.get(node)
      if (known !== undefined) return known as N
      const clone = node.kind === 'file' ? node.clone() : new DirectoryNode()
      clones.set(node, clone)
      if (node.kind === 'directory' && clone.kind === 'directory') {
        for (const [name, child] of node.entries) clone.entries.set(name, cloneOf(child))
        for (const [name, child] of node.durable) clone.durable.set(name, cloneOf(child))
      }
      return clone as N
    }
    const tree = new Tree(cloneOf(this.root))
    tree.#journal = this.#journal.map(({ edits, removed }) =>
      describe(
        edits.map(({ directory, name, node }) => ({
          directory: cloneOf(directory),
          name,
          node: node === undefined ? undefined : cloneOf(node),
        })),
        removed.map(cloneOf),
      ),
    )
    return tree
  }

  /**
   * A digest of all that the future depends on: what is seen, what is durable, and what lies between. Who does the same with
   * two trees of the same fingerprint sees the same, also after crashes. Of a file with a name that `isIgnored` it counts only that it is there.
   */
  fingerprint(isIgnored: (name: string) => boolean): string {
    const pieces: (string | Uint8Array)[] = []
    const ignored = new Set<Node>()
    const numbers = new Map<Node, number>([[this.root, 0]])
    const numberOf = (name: string, node: Node | undefined): number => {
      if (node === undefined) return -1
      if (isIgnored(name)) ignored.add(node)
      const known = numbers.get(node)
      if (known === undefined) numbers.set(node, numbers.size)
      return known ?? numbers.size - 1
    }
    const listed = (entries: ReadonlyMap<string, Node>) =>
      JSON.stringify([...entries].sort(byName).map(([name, node]) => [name, numberOf(name, node)]))
    for (const { edits, removed } of this.#journal) {
      const changes = edits.map(({ directory, name, node }) => [
        numberOf('', directory),
        name,
        numberOf(name, node),
      ])
      pieces.push(JSON.stringify([changes, removed.map((directory) => numberOf('', directory))]))
    }
    // A map's iteration meets what is added to it on the way.
    for (const node of numbers.keys()) {
      if (node.kind === 'directory') pieces.push(`directory ${listed(node.entries)} ${listed(node.durable)};`)
      else if (!ignored.has(node)) pieces.push(...node.fingerprint())
    }
    const bytes = Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece)))
    return createHash('sha1').update(bytes).digest('base64')
  }

  /** Makes durable some of the changes in the journal, none without those it rests on, and tears files. */
  tear({ random, data, entries = 'some', renames = 'whole' }: Tear): void {
    const changes = renames === 'whole' ? this.#journal : this.#journal.flatMap(halves)
    const lost = new Set<string>()
    for (const change of changes) {
      const isKept = entries === 'some' ? random() < 0.5 : entries === 'kept'
      if (isKept && isDisjoint(change.needs, lost)) apply(change)
      else for (const key of change.touches) lost.add(key)
    }
    for (const node of reachable(this.root)) {
      if (node.kind === 'file') node.tear(random, data ?? tornDatas[Math.floor(random() * tornDatas.length)]!)
    }
  }

  /** Forgets what is not durable. */
  settle(): void {
    for (const node of reachable(this.root)) {
      if (node.kind === 'file') node.settle()
      else node.entries = new Map(node.durable)
    }
    this.#journal = []
  }
}

function byName([a]: readonly [string, Node], [b]: readonly [string, Node]): number {
  return a < b ? -1 : 1
}

function describe(edits: readonly EntryEdit[], removed: readonly DirectoryNode[]): Change {
  const entries = edits.map(({ directory, name }) => within(directory) + name)
  return {
    edits,
    removed,
    touches: new Set([...entries, ...edits.map(({ directory }) => within(directory))]),
    needs: new Set([...entries, ...removed.map(within)]),
  }
}

/** A file's rename as two changes; any other change as it is. */
function halves(change: Change): readonly Change[] {
  if (change.edits.some(({ node }) => node?.kind === 'directory')) return [change]
  return change.edits.length < 2 ? [change] : change.edits.map((edit) => describe([edit], change.removed))
}

function apply(change: Change): void {
  for (const { directory, name, node } of change.edits) {
    if (node === undefined) directory.durable.delete(name)
    else directory.durable.set(name, node)
  }
}

function isDisjoint(some: ReadonlySet<string>, others: ReadonlySet<string>): boolean {
  for (const key of some) if (others.has(key)) return false
  return true
}

/** Every node that a durable name leads to, once. */
function reachable(root: DirectoryNode): ReadonlySet<Node> {
  const found = new Set<Node>([root])
  // A set's iteration meets what is added to it on the way.
  for (const node of found) {
    if (node.kind === 'directory') for (const child of node.durable.values()) found.add(child)
  }
  return found
}
