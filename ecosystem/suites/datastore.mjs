// The interface tests of js-ipfs's stores, over datastore-level and blockstore-level. Run by mocha.

import { LevelBlockstore } from 'blockstore-level'
import { LevelDatastore } from 'datastore-level'
import { interfaceBlockstoreTests } from 'interface-blockstore-tests'
import { interfaceDatastoreTests } from 'interface-datastore-tests'
import level from '../level.cjs'

const { Level, newPath } = level
const encodings = { keyEncoding: 'utf8', valueEncoding: 'view' }

for (const [name, Store, suite] of [
  ['datastore-level', LevelDatastore, interfaceDatastoreTests],
  ['blockstore-level', LevelBlockstore, interfaceBlockstoreTests],
]) {
  describe(name, () => {
    suite({
      async setup() {
        const store = new Store(new Level(newPath(), encodings))
        await store.open()
        return store
      },
      async teardown(store) {
        await store.close()
      },
    })
  })
}
