// What a Level database should hold: entries in unsigned byte order of their keys, found by looking at all of them.

export type Entry = readonly [key: Buffer, value: Buffer]

export interface Bounds {
  gt?: Buffer
  gte?: Buffer
  lt?: Buffer
  lte?: Buffer
}

/** Entries in key order; changes make a new model, so that a snapshot is one that was kept. */
export class Model {
  readonly entries: readonly Entry[]

  constructor(entries: readonly Entry[] = []) {
    this.entries = entries
  }

  /** With an entry put, or without it if there is no value. */
  with(key: Buffer, value?: Buffer): Model {
    const others = this.entries.filter(([other]) => !other.equals(key))
    if (value === undefined) return new Model(others)
    return new Model([...others, [key, value] as const].sort(([a], [b]) => Buffer.compare(a, b)))
  }

  without(keys: readonly Buffer[]): Model {
    return keys.reduce((model: Model, key) => model.with(key), this)
  }

  get(key: Buffer): Buffer | undefined {
    return this.entries.find(([other]) => other.equals(key))?.[1]
  }

  /** The entries in a range; `gte` comes before `gt` and `lte` before `lt` where both are given. */
  range({ gt, gte, lt, lte }: Bounds, reverse = false, limit = -1): Entry[] {
    const inside = this.entries.filter(
      ([key]) =>
        (gte !== undefined ? key.compare(gte) >= 0 : gt === undefined || key.compare(gt) > 0) &&
        (lte !== undefined ? key.compare(lte) <= 0 : lt === undefined || key.compare(lt) < 0),
    )
    if (reverse) inside.reverse()
    return limit < 0 ? inside : inside.slice(0, limit)
  }

  /** What is left of a range from a target on; nothing if the target lies outside of it. */
  rangeFrom(target: Buffer, bounds: Bounds, reverse: boolean): Entry[] {
    if (new Model([[target, target]]).range(bounds).length === 0) return []
    const order = reverse ? -1 : 1
    return this.range(bounds, reverse).filter(([key]) => key.compare(target) * order >= 0)
  }
}
