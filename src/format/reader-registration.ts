// What a read-only opener writes into its file below `readers/`: where in the manifests it reads.
//
//   {"pid":4711,"nextTableId":3,"tables":[{"id":1,"manifest":{"number":7,"bytes":5213},"nextNumber":19}]}

/** A place in the manifests of a table: manifests are numbered, and each only grows. */
export interface ManifestPlace {
  readonly number: number
  readonly bytes: number
}

/** Where a reader reads a table. */
export interface ReaderPlace extends ManifestPlace {
  /** As the manifest has it there: what is numbered from here on came later. */
  readonly nextNumber: number
}

/** The places at which a reader reads. */
export interface ReaderPlaces {
  /** Tables from this id on were made after the reader had looked: anything of them may be needed. */
  readonly nextTableId: number
  /** By table id. Other tables below `nextTableId` had been dropped before: nothing of them is needed. */
  readonly tables: ReadonlyMap<number, ReaderPlace>
}

/** Of a reader that has only begun to read: anything may be needed. */
export const anyPlace: ReaderPlaces = { nextTableId: 0, tables: new Map() }

interface ReaderPlacesJson {
  readonly pid: number
  readonly nextTableId: number
  readonly tables: readonly {
    readonly id: number
    readonly manifest: ManifestPlace
    readonly nextNumber: number
  }[]
}

/** The content of a reader's file. */
export function encodeReaderPlaces(pid: number, { nextTableId, tables }: ReaderPlaces): string {
  const list = [...tables].map(([id, { number, bytes, nextNumber }]) => ({
    id,
    manifest: { number, bytes },
    nextNumber,
  }))
  return `${JSON.stringify({ pid, nextTableId, tables: list } satisfies ReaderPlacesJson)}\n`
}

/** The places in a reader's file. What cannot be understood, such as a file that is still being written, needs anything. */
export function decodeReaderPlaces(text: string): ReaderPlaces {
  try {
    const { nextTableId, tables } = JSON.parse(text) as ReaderPlacesJson
    const places = new Map(tables.map(({ id, manifest, nextNumber }) => [id, { ...manifest, nextNumber }]))
    const numbers = [...places].flatMap(([id, { number, bytes, nextNumber }]) => [
      id,
      number,
      bytes,
      nextNumber,
    ])
    return [nextTableId, ...numbers].every(Number.isSafeInteger) ? { nextTableId, tables: places } : anyPlace
  } catch {
    return anyPlace
  }
}

/** Where a reader reads a table. `'any'`: it cannot be told; undefined: it does not. */
export function placeOf(
  { nextTableId, tables }: ReaderPlaces,
  tableId: number,
): ReaderPlace | 'any' | undefined {
  return tables.get(tableId) ?? (tableId >= nextTableId ? 'any' : undefined)
}

/** Whether the first place comes before the second one. */
export function isBefore(a: ManifestPlace, b: ManifestPlace): boolean {
  return a.number < b.number || (a.number === b.number && a.bytes < b.bytes)
}
