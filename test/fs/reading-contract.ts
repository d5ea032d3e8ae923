// What the drivers of src/fs/reading.ts must do over every file system: the same, synchronously or not.

import { expect, test } from 'vitest'
import type { FileHandle } from '#src/fs/file-system.js'
import { abandonable, type Reading, readAsync, readSync, SharedReading } from '#src/fs/reading.js'
import type { Subject } from './file-system-contract.js'
import { expectIoError, outcome, put, textOf } from './helpers.js'

/** A length in the first byte, then as many bytes; `?` for what the file does not have. */
function* lengthPrefixed(file: FileHandle, at: number): Reading<string> {
  const head = yield { file, from: at, to: at + 1 }
  if (head.length === 0) return 'end'
  const length = Number(textOf(head))
  const body = yield { file, from: at + 1, to: at + 1 + length }
  return textOf(body).padEnd(length, '?')
}

function* both(first: FileHandle, second: FileHandle): Reading<string> {
  return `${yield* lengthPrefixed(first, 0)} ${yield* lengthPrefixed(second, 0)}`
}

function* withFallback(broken: FileHandle, whole: FileHandle): Reading<string> {
  try {
    return yield* lengthPrefixed(broken, 0)
  } catch {
    return `instead: ${yield* lengthPrefixed(whole, 0)}`
  }
}

// biome-ignore lint/correctness/useYield: a reading may find that it needs no bytes.
function* withoutBytes(fails: boolean): Reading<number> {
  if (fails) throw new RangeError('not today')
  return 7
}

/** Reads a length-prefixed text once for all who ask. */
class Shared {
  reads = 0
  readonly #shared = new SharedReading()
  text: string | undefined;

  *get(file: FileHandle): Reading<string> {
    for (;;) {
      const text = this.text ?? (yield* this.#shared.run(() => this.#read(file)))
      if (text !== undefined) return text
    }
  }

  *#read(file: FileHandle): Reading<string> {
    this.reads++
    this.text = yield* lengthPrefixed(file, 0)
    return this.text
  }
}

export function readingContract(current: () => Subject): void {
  const drivers = { readSync, readAsync }

  async function open(name: string, text: string): Promise<FileHandle> {
    const { fs, root } = current()
    await put(fs, `${root}/${name}`, text)
    return fs.open(`${root}/${name}`, 'read')
  }

  test('many asynchronous readers wait for one who reads for all; a synchronous one cannot wait', async () => {
    const file = await open('shared', '5hello')
    const shared = new Shared()
    const first = [1, 2, 3].map(() => readAsync(shared.get(file)))
    expect(readSync(shared.get(file))).toBe('hello')
    expect(shared.reads).toBe(2)
    expect(await Promise.all(first)).toEqual(['hello', 'hello', 'hello'])
    expect(readSync(shared.get(file))).toBe('hello')
    expect(shared.reads).toBe(2)
    await file.close()
  })

  test('when the one who reads for all fails, the next tries', async () => {
    const file = await open('shared', '5hello')
    const broken = await open('broken', '1x')
    await broken.close()
    const shared = new Shared()
    const failing = readAsync(shared.get(broken))
    const waiting = readAsync(shared.get(file))
    await expectIoError(() => failing, 'EBADF', broken.path)
    expect(await waiting).toBe('hello')
    expect(shared.reads).toBe(2)
    await file.close()
  })

  test('a reading can be given up between two reads, and is ended then', async () => {
    const file = await open('file', '5hello')
    for (const limit of [1, 2]) {
      let asked = 0
      const reading = lengthPrefixed(file, 0)
      const isOver = () => ++asked === limit
      expect(await readAsync(abandonable(reading, isOver))).toBeUndefined()
      expect(reading.next(new Uint8Array(0)).done).toBe(true)
    }
    expect(await readAsync(abandonable(lengthPrefixed(file, 0), () => false))).toBe('hello')
    const broken = withFallback(file, file)
    expect(readSync(abandonable(broken, () => false))).toBe('hello')
    await file.close()
  })

  for (const [name, drive] of Object.entries(drivers)) {
    test(`${name} answers each request with its bytes, from the file it names`, async () => {
      const a = await open('a', '5hello3all')
      const b = await open('b', '3you')
      expect(await drive(lengthPrefixed(a, 0))).toBe('hello')
      expect(await drive(lengthPrefixed(a, 6))).toBe('all')
      expect(await drive(both(a, b))).toBe('hello you')
      await a.close()
      await b.close()
    })

    test(`${name} answers with fewer bytes at the end of the file`, async () => {
      const file = await open('file', '9short')
      expect(await drive(lengthPrefixed(file, 0))).toBe('short????')
      expect(await drive(lengthPrefixed(file, 6))).toBe('end')
      await file.close()
    })

    test(`${name} throws a failed read into the reading, which may go on with another file`, async () => {
      const broken = await open('broken', '1x')
      const whole = await open('whole', '2ok')
      await broken.close()
      expect(await drive(withFallback(broken, whole))).toBe('instead: ok')
      await expectIoError(() => drive(lengthPrefixed(broken, 0)), 'EBADF', broken.path)
      await whole.close()
    })

    test(`${name} hands on what the reading itself returns or throws`, async () => {
      expect(await drive(withoutBytes(false))).toBe(7)
      expect(await outcome(() => drive(withoutBytes(true)))).toBeInstanceOf(RangeError)
    })
  }
}
