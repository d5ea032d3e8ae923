// What a scan may spare itself in one section: decided from facts of the metadata, before anything is read.
//
// Value predicates never decide about versions. Whether a row may be judged before its newer and older versions are known
// follows from what else may hold its key:
//
//   a source above an older one            nothing: a row that is left out would uncover the older source's version
//   the oldest source, several versions    whole row groups: a key's versions are all in one, so none of it is left over
//   the oldest source, one version a key   any row: newer sources still win, and there is nothing below to be uncovered

/** What is known of a piece of data beforehand. */
export interface SourceFacts {
  /** No key has two versions in it. */
  readonly oneVersionPerKey: boolean
  readonly hasTombstones: boolean
  /** No version in it is newer. */
  readonly maxSeq: number
}

/** Of what a value predicate may leave out parts unread. */
export type Prunable = 'nothing' | 'row groups' | 'rows'

/** How one part of a section is read. */
export interface PartPlan {
  readonly prunable: Prunable
  /** Whether its rows' sequence numbers, and which of them are tombstones, have to be read. */
  readonly needs: { readonly seq: boolean; readonly deleted: boolean }
}

/**
 * How a section is read.
 *
 * - `stream`: a lone source of which every row counts; its keys need not be read.
 * - `resolve`: a lone source with rows that do not: versions to choose from, or tombstones.
 * - `merge`: several sources.
 */
export interface SectionPlan {
  readonly mode: 'stream' | 'resolve' | 'merge'
  /** As the sources: newest first. */
  readonly parts: readonly PartPlan[]
}

/** Plans a section for a read at `seq`. `sources`: the facts of its parts, newest first, and at least one. */
export function planSection(sources: readonly SourceFacts[], seq: number): SectionPlan {
  const oldest = sources.length - 1
  const parts = sources.map(({ oneVersionPerKey, hasTombstones, maxSeq }, i): PartPlan => {
    const alone: Prunable = oneVersionPerKey ? 'rows' : 'row groups'
    return {
      prunable: i < oldest ? 'nothing' : alone,
      needs: { seq: !oneVersionPerKey || maxSeq > seq, deleted: hasTombstones },
    }
  })
  if (sources.length > 1) return { mode: 'merge', parts }
  const needs = parts[0]?.needs
  return { mode: needs?.seq || needs?.deleted ? 'resolve' : 'stream', parts }
}
