// Which versions of a key a merge keeps (the first half of rule 2 in docs/architecture.md).

/**
 * Whether a version may go, given the next newer version of its key among the inputs: nobody can see it unless a
 * snapshot s lies in [seq, newerSeq). `snapshots` are the sequence numbers of open snapshots.
 */
export function isSuperseded(seq: number, newerSeq: number, snapshots: readonly number[]): boolean {
  return !snapshots.some((snapshot) => seq <= snapshot && snapshot < newerSeq)
}
