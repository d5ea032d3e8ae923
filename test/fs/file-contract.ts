// What every open file must do.

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type FileHandle, readWhole, writeWhole } from '#src/fs/file-system.js'
import type { Subject } from './file-system-contract.js'
import { bytesOf, expectIoError, get, put, textOf } from './helpers.js'

async function readText(file: FileHandle, length: number, position: number): Promise<string> {
  const asynchronously = new Uint8Array(length)
  const synchronously = new Uint8Array(length)
  const read = await file.read(asynchronously, position)
  expect(file.readSync(synchronously, position)).toBe(read)
  expect(synchronously).toEqual(asynchronously)
  return textOf(asynchronously.subarray(0, read))
}

export function fileContract(current: () => Subject): void {
  basicContract(current)
  closingContract(current)

  test('writes and truncations leave what an array would hold', async () => {
    const { fs, root } = current()
    const position = fc.nat(300)
    const step = fc.oneof(
      fc.record({ at: position, bytes: fc.uint8Array({ maxLength: 100 }), sync: fc.boolean() }),
      fc.record({ truncateTo: position }),
    )
    let count = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const file = await fs.open(`${root}/model-${count++}`, 'create')
        let model: number[] = []
        for (const step of steps) {
          if ('truncateTo' in step) {
            await file.truncate(step.truncateTo)
            model = Array.from({ length: step.truncateTo }, (_, i) => model[i] ?? 0)
          } else {
            if (step.sync) file.writeSync(step.bytes, step.at)
            else await file.write(step.bytes, step.at)
            if (step.sync) await file.sync()
            for (const [i, byte] of step.bytes.entries()) {
              while (model.length < step.at + i) model.push(0)
              model[step.at + i] = byte
            }
          }
          expect(await file.size()).toBe(model.length)
        }
        const bytes = new Uint8Array(500)
        expect([...bytes.subarray(0, file.readSync(bytes, 0))]).toEqual(model)
        await file.close()
      }),
      { numRuns: 40 },
    )
  })
}

function basicContract(current: () => Subject): void {
  test('what is written can be read, by the same handle and by others', async () => {
    const { fs, root } = current()
    const file = await fs.open(`${root}/file`, 'create')
    expect(file.path).toBe(`${root}/file`)
    await file.write(bytesOf('hello '), 0)
    file.writeSync(bytesOf('world'), 6)
    expect(await readText(file, 11, 0)).toBe('hello world')
    const other = fs.openSync(`${root}/file`, 'read')
    expect(await readText(other, 3, 4)).toBe('o w')
    await file.close()
    await other.close()
  })

  test('create makes a file that is not there, once', async () => {
    const { fs, root } = current()
    fs.openSync(`${root}/file`, 'create').closeSync()
    expect(await fs.stat(`${root}/file`)).toEqual({ kind: 'file', bytes: 0 })
    await expectIoError(() => fs.open(`${root}/file`, 'create'), 'EEXIST', `${root}/file`)
    await expectIoError(() => fs.openSync(`${root}/file`, 'create'), 'EEXIST', `${root}/file`)
  })

  test('what is not there cannot be opened', async () => {
    const { fs, root } = current()
    for (const mode of ['read', 'write'] as const) {
      await expectIoError(() => fs.open(`${root}/file`, mode), 'ENOENT', `${root}/file`)
      await expectIoError(() => fs.openSync(`${root}/file`, mode), 'ENOENT', `${root}/file`)
    }
    await expectIoError(() => fs.open(`${root}/a/b`, 'create'), 'ENOENT', `${root}/a/b`)
  })

  test('reading stops at the end of the file', async () => {
    const { fs, root } = current()
    await put(fs, `${root}/file`, '12345')
    const file = await fs.open(`${root}/file`, 'read')
    expect(await readText(file, 10, 0)).toBe('12345')
    expect(await readText(file, 10, 3)).toBe('45')
    expect(await readText(file, 10, 5)).toBe('')
    expect(await readText(file, 10, 99)).toBe('')
    expect(await readText(file, 0, 0)).toBe('')
    await file.close()
  })

  test('only the part of memory that was handed over is read or written', async () => {
    const { fs, root } = current()
    const file = await fs.open(`${root}/file`, 'create')
    await file.write(bytesOf('.abc.').subarray(1, 4), 0)
    const memory = bytesOf('123456')
    expect(await file.read(memory.subarray(2, 4), 1)).toBe(2)
    expect(textOf(memory)).toBe('12bc56')
    expect(await file.size()).toBe(3)
    await file.close()
  })

  test('write opens a file as it is, for reading too', async () => {
    const { fs, root } = current()
    await put(fs, `${root}/file`, 'abcdef')
    const file = await fs.open(`${root}/file`, 'write')
    await file.write(bytesOf('XY'), 2)
    expect(await readText(file, 9, 0)).toBe('abXYef')
    await file.close()
  })

  test('a gap, and growth by truncation, read as zeros', async () => {
    const { fs, root } = current()
    const file = await fs.open(`${root}/file`, 'create')
    await file.write(bytesOf('abc'), 0)
    await file.truncate(1)
    await file.write(bytesOf('z'), 4)
    await file.truncate(6)
    expect(await readText(file, 9, 0)).toBe('a\0\0\0z\0')
    expect([await file.size(), file.sizeSync()]).toEqual([6, 6])
    await file.close()
  })

  test('a file opened for reading is not changed through it', async () => {
    const { fs, root } = current()
    await put(fs, `${root}/file`, 'abc')
    const file = await fs.open(`${root}/file`, 'read')
    await expectIoError(() => file.write(bytesOf('x'), 0), 'EBADF', `${root}/file`)
    await expectIoError(() => file.writeSync(bytesOf('x'), 0), 'EBADF', `${root}/file`)
    await expectIoError(() => file.truncate(0), 'EINVAL', `${root}/file`)
    await file.close()
    expect(await get(fs, `${root}/file`)).toBe('abc')
  })

  test('megabytes go in and out whole', async () => {
    const { fs, root } = current()
    const bytes = Uint8Array.from({ length: 3_000_001 }, (_, i) => (i * 31 + (i >> 9)) & 255)
    await writeWhole(fs, `${root}/file`, bytes)
    expect(Buffer.compare(await readWhole(fs, `${root}/file`), bytes)).toBe(0)
  })

  test('writes at different places may run beside each other', async () => {
    const { fs, root } = current()
    const file = await fs.open(`${root}/file`, 'create')
    await Promise.all(['aa', 'bb', 'cc', 'dd'].map((text, i) => file.write(bytesOf(text), i * 2)))
    expect(await readText(file, 8, 0)).toBe('aabbccdd')
    await file.close()
  })
}

function closingContract(current: () => Subject): void {
  test('closing twice is closing once', async () => {
    const { fs, root } = current()
    const files = await Promise.all(['a', 'b', 'c'].map((name) => fs.open(`${root}/${name}`, 'create')))
    const closings = files.flatMap((file) => [file.close(), file.close()])
    await Promise.all(closings)
    for (const file of files) file.closeSync()
    const file = fs.openSync(`${root}/a`, 'read')
    file.closeSync()
    file.closeSync()
    await file.close()
  })

  test('a closed file does nothing any more; its asynchronous methods reject, they do not throw', async () => {
    const { fs, root } = current()
    const path = `${root}/file`
    const file = await fs.open(path, 'create')
    file.closeSync()
    const bytes = new Uint8Array(1)
    for (const promise of [
      file.read(bytes, 0),
      file.write(bytes, 0),
      file.sync(),
      file.truncate(0),
      file.size(),
    ]) {
      await expectIoError(() => promise, 'EBADF', path)
    }
    await expectIoError(() => file.readSync(bytes, 0), 'EBADF', path)
    await expectIoError(() => file.writeSync(bytes, 0), 'EBADF', path)
    await expectIoError(() => file.sizeSync(), 'EBADF', path)
    expect(await fs.stat(path)).toEqual({ kind: 'file', bytes: 0 })
  })

  for (const how of ['close', 'closeSync'] as const) {
    test(`reads under way at ${how} still read their own file`, async () => {
      const { fs, root } = current()
      await put(fs, `${root}/mine`, 'm'.repeat(100))
      await put(fs, `${root}/other`, 'o'.repeat(100))
      const mine = fs.openSync(`${root}/mine`, 'read')
      const buffers = Array.from({ length: 40 }, () => new Uint8Array(100))
      const reads = buffers.map((buffer) => mine.read(buffer, 0))
      const closing = mine[how]()
      // Would get the descriptor's number, were it free already.
      const other = fs.openSync(`${root}/other`, 'read')
      expect(await Promise.all(reads)).toEqual(buffers.map(() => 100))
      for (const buffer of buffers) expect(textOf(buffer)).toBe('m'.repeat(100))
      await closing
      await other.close()
    })
  }
}
