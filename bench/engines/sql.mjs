// Statements that the engines with SQL share.

const quote = (name) => `"${name}"`

/** `types` gives the engine's name of each type. */
export function createTable(data, types, suffix = '') {
  const columns = data.columns.map(
    ({ name, type, nullable }) => `${quote(name)} ${types[type]}${nullable ? '' : ' not null'}`,
  )
  return `create table if not exists rows (${columns.join(', ')}, primary key (${data.key.map(quote).join(', ')}))${suffix}`
}

export function insert(data) {
  const marks = data.columns.map(() => '?').join(', ')
  return `insert or replace into rows values (${marks})`
}

/** Rows of one key. */
export function selectKey(data, columns, from = 'rows', mark = () => '?') {
  const match = data.key.map((name) => `${quote(name)} = ${mark(name)}`).join(' and ')
  return `select ${list(columns)} from ${from} where ${match}`
}

/** Rows of some keys. */
export function selectKeys(data, count) {
  const tuple = `(${data.key.map(() => '?').join(', ')})`
  const keys = new Array(count).fill(tuple).join(', ')
  return `select * from rows where (${data.key.map(quote).join(', ')}) in (values ${keys})`
}

/** Rows from a key on, in key order; a limit is to be given last. */
export function selectFrom(data, mark = () => '?', limit = '?') {
  const key = data.key.map(quote).join(', ')
  return `select * from rows where (${key}) >= (${data.key.map(mark).join(', ')}) order by ${key} limit ${limit}`
}

export function selectAll(data) {
  return `select * from rows order by ${data.key.map(quote).join(', ')}`
}

export function selectWhere(data, column, from = 'rows', mark = '?') {
  return `select count(*) as n, sum(${quote(data.sumColumn)}) as total from ${from} where ${quote(column)} >= ${mark} and ${quote(column)} < ${mark}`
}

function list(columns) {
  return columns === undefined ? '*' : columns.map(quote).join(', ')
}
