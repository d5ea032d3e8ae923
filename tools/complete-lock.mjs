// Adds to package-lock.json the platform packages that the registry in use could not tell about.
//
// Packages with native parts (Biome, DuckDB) name one optional package per platform. A registry that serves only some
// platforms makes `npm install` leave the others out of the lock file, and then `npm ci` refuses the lock file. Their
// version stands in the package that names them, their platform in their own name, and where the platform is another
// one, npm never asks for more. Run it after every change of dependencies:
//
//   node tools/complete-lock.mjs                           package-lock.json
//   node tools/complete-lock.mjs bench/package-lock.json   another one

import { readFileSync, writeFileSync } from 'node:fs'

const path = process.argv[2] ?? new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(path, 'utf8'))
const added = []

for (const parent of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const place = `node_modules/${name}`
    const platform = /-(android|darwin|linux|win32|freebsd|openharmony)-(arm64|x64|arm|ia32)(-musl|-gnu)?/.exec(
      name,
    )
    if (lock.packages[place] !== undefined || platform === null || !/^\d/.test(version)) continue
    const [, os, cpu, libc] = platform
    lock.packages[place] = {
      version,
      cpu: [cpu],
      ...(parent.dev ? { dev: true } : {}),
      ...(libc === undefined ? {} : { libc: [libc === '-musl' ? 'musl' : 'glibc'] }),
      optional: true,
      os: [os],
    }
    added.push(name)
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)))
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`)
console.log(added.length === 0 ? 'nothing to add' : `added ${added.join(', ')}`)
