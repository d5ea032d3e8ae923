// A read-only opener that reads a row and then only waits to be killed. Its argument names the directory.

import { writeSync } from 'node:fs'
import { open } from 'marquetry'

const { directory } = JSON.parse(process.argv[2])
const db = await open(directory, { readOnly: true })
const table = await db.table('guests')
if ((await table.get(1))?.text !== 'first') throw new Error('the row is not there')
writeSync(1, `${JSON.stringify({ opened: true })}\n`)
setInterval(() => {}, 1 << 30)
