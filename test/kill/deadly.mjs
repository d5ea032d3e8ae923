// A file system whose user dies in one of its operations: with SIGKILL, before it, after it, or with half of a write done.

const operations = new Set([
  'open', 'create', 'stat', 'list', 'makeDirectory', 'rename', 'link', 'remove', 'syncDirectory', 'lock',
  'read', 'write', 'sync', 'truncate', 'size', 'close',
]) // biome-ignore format: a list

const die = () => process.kill(process.pid, 'SIGKILL')

/** Wraps a file system; see `Trap` in processes.ts. */
export function deadlyFileSystem(inner, { operation, path, nth, when, inline }) {
  const pattern = new RegExp(path)
  let met = 0

  /** Wraps a method so that it counts, and in the end kills. */
  const armed = (target, name, pathsOf) => {
    const plain = name.replace(/Sync$/, '')
    if (!operations.has(plain)) return target[name].bind(target)
    return (...args) => {
      const isCreate = plain === 'open' && args[1] === 'create'
      const paths = pathsOf(args)
      const counts = (isCreate ? 'create' : plain) === operation && paths.some((one) => pattern.test(one))
      if (!counts || ++met !== nth) return target[name](...args)
      if (when === 'half' && plain === 'write')
        target.writeSync(args[0].subarray(0, args[0].length >> 1), args[1])
      if (when !== 'after') die()
      const result = target[name](...args)
      return result instanceof Promise ? result.finally(die) : die()
    }
  }

  const wrap = (target, pathsOf, after = (_, result) => result) =>
    new Proxy(target, {
      get(_, name) {
        if (name === 'sharedWithWorkers') return target.sharedWithWorkers && !inline
        if (typeof target[name] !== 'function') return target[name]
        const method = armed(target, name, pathsOf)
        return (...args) => after(name, method(...args))
      },
    })

  const wrapFile = (file) => wrap(file, () => [file.path])
  return wrap(
    inner,
    (args) => args.filter((arg) => typeof arg === 'string'),
    (name, result) => {
      if (name === 'openSync') return wrapFile(result)
      return name === 'open' ? result.then(wrapFile) : result
    },
  )
}
