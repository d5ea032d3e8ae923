// One engine in a process of its own. It does what the parent tells it: prepare, begin a workload, run a round of it, end it.
//
//   MARQUETRY_BENCH={"engine":"lmdb","data":"rows","rows":500000,"work":"/tmp/…","threads":2,"state":"compacted"}

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { openData } from '../data/index.mjs'
import { engines, loadEngine } from '../engines/index.mjs'
import { workloads } from '../workloads/index.mjs'
import { writeAndDie } from '../workloads/life.mjs'
import { ensureLoaded } from '../workloads/load.mjs'

const childArguments = JSON.parse(process.env.MARQUETRY_BENCH)
const { engine: engineName, data: dataName, rows, work, threads, state } = childArguments
const readsParquet = engines[engineName].readsParquet === true
const engine = await loadEngine(engineName)
const data = openData(dataName, work, rows)
const databases = join(work, `${dataName}-${rows}-${state}`)
mkdirSync(databases, { recursive: true })
const context = {
  engine,
  engineName,
  data,
  state,
  readsParquet,
  childArguments,
  directory: join(databases, readsParquet ? 'marquetry' : engineName),
  optionsFor: (use) => engine.optionsFor(use, { threads, rows: data.rows }),
}

if (process.argv[2] === 'die') await writeAndDie({ ...context, directory: process.argv[3] })
else serve()

function serve() {
  const scratch = mkdtempSync(join(work, `${engineName}-`))
  let workload
  let current
  const commands = {
    load: () => ensureLoaded(context),
    begin: async ({ name }) => {
      workload = workloads.find((one) => one.name === name)
      current = await workload.begin({ ...context, scratch })
      return { options: context.optionsFor(workload.use), durability: engine.durability[workload.use] }
    },
    round: ({ isLast }) => workload.round(current, { ...context, scratch, isLast }),
    end: async () => {
      await workload.end?.(current, context)
      current = undefined
    },
    leave: () => {
      rmSync(scratch, { recursive: true, force: true })
      process.disconnect()
    },
  }
  process.on('message', async ({ command, ...rest }) => {
    try {
      const result = await commands[command](rest)
      if (process.connected) process.send({ result })
    } catch (error) {
      process.send({ error: error.stack ?? String(error) })
    }
  })
}
