import keyvTestSuite, { keyvIteratorTests } from '@keyv/test-suite'
import Keyv from 'keyv'
import * as test from 'vitest'
import { Level, newPath } from '../level.cjs'
import { KeyvMarquetry } from './keyv-marquetry.mjs'

const db = new Level(newPath())
const store = () => new KeyvMarquetry(db)
test.afterAll(() => db.close())

keyvTestSuite(test, Keyv, store)
keyvIteratorTests(test, Keyv, store)

test.it('what has expired is cleared away, what has not or never will stays', async (t) => {
  const adapter = store()
  const keyv = new Keyv({ store: adapter, namespace: 'purge' })
  await keyv.set('short', 1, 1)
  await keyv.set('long', 2, 60_000)
  await keyv.set('kept', 3, 1)
  await keyv.set('kept', 3)
  const now = Date.now()
  while (Date.now() <= now + 1) await new Promise(setImmediate)
  t.expect(await adapter.has('purge:short')).toBe(true)
  await adapter.purge()
  t.expect(await adapter.has('purge:short')).toBe(false)
  t.expect([await keyv.get('short'), await keyv.get('long'), await keyv.get('kept')]).toEqual([undefined, 2, 3])
})

test.it('a database that is opened again has all that was set', async (t) => {
  const path = newPath()
  for (const round of [1, 2]) {
    const again = new Level(path)
    const keyv = new Keyv({ store: new KeyvMarquetry(again), namespace: 'again' })
    t.expect(await keyv.get('round')).toBe(round === 1 ? undefined : 1)
    await keyv.set('round', round)
    await again.close()
  }
})
