// The texts of external views, one function per program. All say the same in their own words: newest version of each key,
// then not the deleted ones, then the columns of the table.

import type { ColumnType, Kind } from './format/column.js'

/** What a view is about. */
export interface View {
  /** The table's files, those with the most columns first. */
  readonly paths: readonly string[]
  readonly columns: readonly ViewColumn[]
  /** Names of the key columns. */
  readonly key: readonly string[]
  /** Whether the files hold each key once and no tombstone. */
  readonly isPlain: boolean
  /** Whether all files have the same columns. */
  readonly isUniform: boolean
}

/** A column of the table. */
export interface ViewColumn {
  readonly name: string
  /** As files store it. */
  readonly type: ColumnType
  /** Whether a file has it. */
  readonly isStored: boolean
}

/** How a program is told of a view, and what it cannot be told. */
export interface Dialect {
  readonly text: (view: View) => string
  /** What makes a path unreadable: wildcards that cannot be quoted. */
  readonly cannotRead?: RegExp
  /** Whether names of columns that differ only in case, or are empty, are the same, or none. */
  readonly ignoresCase: boolean
}

type SqlTypes = Readonly<Partial<Record<Kind, string>>>

const duckdbTypes: SqlTypes = {
  bool: 'BOOLEAN', int8: 'TINYINT', int16: 'SMALLINT', int32: 'INTEGER', int64: 'BIGINT', float32: 'FLOAT',
  float64: 'DOUBLE', utf8: 'VARCHAR', binary: 'BLOB', date: 'DATE', timestamp: 'TIMESTAMPTZ', json: 'JSON',
} // biome-ignore format: a list

const clickhouseTypes: SqlTypes = {
  bool: 'Bool', int8: 'Int8', int16: 'Int16', int32: 'Int32', int64: 'Int64', float32: 'Float32', float64: 'Float64',
  utf8: 'String', binary: 'String', date: 'Date32', json: 'String',
} // biome-ignore format: a list

const sparkTypes: SqlTypes = {
  bool: 'BOOLEAN', int8: 'TINYINT', int16: 'SMALLINT', int32: 'INT', int64: 'BIGINT', float32: 'FLOAT',
  float64: 'DOUBLE', utf8: 'STRING', binary: 'BINARY', date: 'DATE', timestamp: 'TIMESTAMP', json: 'STRING',
} // biome-ignore format: a list

function sqlType(types: SqlTypes, { kind, precision, scale }: ColumnType): string {
  return kind === 'decimal128' ? `DECIMAL(${precision}, ${scale})` : (types[kind] ?? '')
}

/** Between its folder and this, every path of a table's file is a number. */
const fileName = '/data.parquet'
/** In a folder called `name=value`, programs see a column of that name, before the one in the file. */
const looksPartitioned = ({ paths }: View) => paths.some((path) => path.includes('='))

const lines = (items: readonly string[], indent: string) => items.join(`,\n${indent}`)
const names = (columns: readonly ViewColumn[]) => columns.map(({ name }) => name)
const stored = ({ columns }: View) => columns.filter(({ isStored }) => isStored)

// --- SQL.

function duckdb(view: View): string {
  const quote = (name: string) => `"${name.replaceAll('"', '""')}"`
  const absent = ({ type, name }: ViewColumn) => `CAST(NULL AS ${sqlType(duckdbTypes, type)}) AS ${quote(name)}`
  if (view.paths.length === 0) return `SELECT ${view.columns.map(absent).join(', ')} WHERE false`
  const columns = view.columns.map((column) => (column.isStored ? quote(column.name) : absent(column)))
  // A bracket makes a wildcard a character of its own.
  const paths = view.paths.map((path) => `'${path.replace(/[*?[]/g, '[$&]').replaceAll("'", "''")}'`)
  const options = view.isUniform ? '' : ', union_by_name = true'
  const partitions = looksPartitioned(view) ? ', hive_partitioning = false' : ''
  const from = (indent: string) =>
    `read_parquet([\n${indent}  ${lines(paths, `${indent}  `)}\n${indent}]${options}${partitions})`
  if (view.isPlain) return `SELECT ${columns.join(', ')}\nFROM ${from('')}`
  const key = view.key.map(quote).join(', ')
  return `SELECT ${columns.join(', ')}
FROM (
  SELECT * FROM ${from('  ')}
  QUALIFY row_number() OVER (PARTITION BY ${key} ORDER BY _seq DESC) = 1
)
WHERE NOT _deleted`
}

function clickhouse(view: View): string {
  const quote = (name: string) => `\`${name.replace(/[\\`]/g, '\\$&')}\``
  const typeOf = (type: ColumnType) =>
    type.kind === 'timestamp'
      ? `DateTime64(${type.unit === 'us' ? 6 : 3}, 'UTC')`
      : sqlType(clickhouseTypes, type)
  const absent = ({ type, name }: ViewColumn) => `CAST(NULL AS Nullable(${typeOf(type)})) AS ${quote(name)}`
  if (view.paths.length === 0) return `SELECT ${view.columns.map(absent).join(', ')} WHERE false`
  const columns = view.columns.map((column) => (column.isStored ? quote(column.name) : absent(column)))
  const settings: string[] = []
  if (!view.isUniform) settings.push("schema_inference_mode = 'union'")
  if (looksPartitioned(view)) settings.push('use_hive_partitioning = 0')
  const suffix = settings.length > 0 ? `SETTINGS ${settings.join(', ')}` : undefined
  const file = `file('${braced(view.paths).replace(/[\\']/g, '\\$&')}', Parquet)`
  if (view.isPlain) return [`SELECT ${columns.join(', ')}`, `FROM ${file}`, suffix].filter(Boolean).join('\n')
  const inner = [
    `SELECT * FROM ${file}`,
    `ORDER BY _seq DESC LIMIT 1 BY ${view.key.map(quote).join(', ')}`,
    suffix,
  ].filter(Boolean)
  return `SELECT ${columns.join(', ')}\nFROM (\n  ${inner.join('\n  ')}\n)\nWHERE NOT _deleted`
}

/** The paths of a table's files as one: they differ in their folder's number only. */
function braced(paths: readonly string[]): string {
  const [first = ''] = paths
  if (paths.length === 1) return first
  const folder = first.slice(0, first.lastIndexOf('/', first.length - fileName.length - 1) + 1)
  const numbers = paths.map((path) => path.slice(folder.length, -fileName.length))
  return `${folder}{${numbers.join(',')}}${fileName}`
}

// --- Code. A string of JSON is also one of Python and of JavaScript.

const literal = (text: string) => JSON.stringify(text)
const literals = (texts: readonly string[]) => texts.map(literal).join(', ')

function polars(view: View): string {
  const head = 'import polars as pl\n\n'
  if (view.paths.length === 0) return `${head}rows = pl.LazyFrame(schema=[${literals(names(view.columns))}])`
  const key = literals(view.key)
  const missing = view.isUniform ? '' : '\n        missing_columns="insert",'
  const newest = `
    .filter(pl.col("_seq") == pl.col("_seq").max().over([${key}]))
    .filter(~pl.col("_deleted"))`
  return `${head}rows = (
    pl.scan_parquet(
        [
            ${lines(view.paths.map(literal), '            ')},
        ],
        glob=False,
        hive_partitioning=False,${missing}
    )${view.isPlain ? '' : newest}
    .select([${view.columns.map(({ name, isStored }) => (isStored ? `pl.col(${literal(name)})` : `pl.lit(None).alias(${literal(name)})`)).join(', ')}])
)`
}

function nodejsPolars(view: View): string {
  const head = "import pl from 'nodejs-polars'\n\n"
  if (view.paths.length === 0) {
    const empty = view.columns.map(({ name }) => `${literal(name)}: []`)
    return `${head}const rows = pl.DataFrame({ ${empty.join(', ')} }).lazy()`
  }
  const scans = view.paths.map(
    (path) => `pl.scanParquet(${literal(path)}, { glob: false, hivePartitioning: false })`,
  )
  const newest = `
  .filter(pl.col("_seq").eq(pl.col("_seq").max().over(${literals(view.key)})))
  .filter(pl.col("_deleted").not())`
  const select = view.columns.map(({ name, isStored }) =>
    isStored ? `pl.col(${literal(name)})` : `pl.lit(null).alias(${literal(name)})`,
  )
  return `${head}const rows = pl
  .concat([
    ${lines(scans, '    ')},
  ], { how: "${view.isUniform ? 'vertical' : 'diagonal'}" })${view.isPlain ? '' : newest}
  .select(${select.join(', ')})`
}

function pandas(view: View): string {
  const head = 'import pandas as pd\n\n'
  const columns = literals(names(view.columns))
  if (view.paths.length === 0) return `${head}rows = pd.DataFrame(columns=[${columns}])`
  // Arrow's types, since a column of integers with nulls would become one of floats.
  const read = `files = [
    ${lines(view.paths.map(literal), '    ')},
]
rows = pd.concat(
    [pd.read_parquet(file, dtype_backend="pyarrow", partitioning=None) for file in files],
    ignore_index=True,
)
`
  const newest = `rows = rows.sort_values("_seq").drop_duplicates([${literals(view.key)}], keep="last")
rows = rows[~rows["_deleted"]]
`
  return `${head}${read}${view.isPlain ? '' : newest}rows = rows.reindex(columns=[${columns}])`
}

function spark(view: View): string {
  const quote = (name: string) => `\`${name.replaceAll('`', '``')}\``
  const declared = view.columns.map(({ name, type }) => `${quote(name)} ${sqlType(sparkTypes, type)}`)
  if (view.paths.length === 0) return `rows = spark.createDataFrame([], ${literal(declared.join(', '))})`
  const columns = view.columns.map(({ name, type, isStored }) =>
    isStored ? quote(name) : `CAST(NULL AS ${sqlType(sparkTypes, type)}) AS ${quote(name)}`,
  )
  const merge = view.isUniform ? '' : '.option("mergeSchema", "true")'
  const rank = freeName('_newest', names(stored(view)))
  const newest = `
    .withColumn(${literal(rank)}, F.row_number().over(Window.partitionBy(${literals(view.key.map(quote))}).orderBy(F.desc("_seq"))))
    .where(${literal(`${quote(rank)} = 1 AND NOT _deleted`)})`
  const head = view.isPlain ? '' : 'from pyspark.sql import Window, functions as F\n\n'
  return `${head}rows = (
    spark.read${merge}.parquet(
        ${lines(
          view.paths.map((path) => literal(`file://${path}`)),
          '        ',
        )},
    )${view.isPlain ? '' : newest}
    .selectExpr(${literals(columns)})
)`
}

/** A name that none of these is, in any case. */
function freeName(wanted: string, taken: readonly string[]): string {
  const folded = new Set(taken.map((name) => name.toLowerCase()))
  let name = wanted
  while (folded.has(name)) name += '_'
  return name
}

/** Every program that there is a view for. */
export const dialects = {
  duckdb: { text: duckdb, ignoresCase: true },
  clickhouse: { text: clickhouse, ignoresCase: false, cannotRead: /[*?{}]/ },
  polars: { text: polars, ignoresCase: false },
  'nodejs-polars': { text: nodejsPolars, ignoresCase: false },
  pandas: { text: pandas, ignoresCase: false },
  spark: { text: spark, ignoresCase: true, cannotRead: /[*?{}[\]\\]/ },
} satisfies Record<string, Dialect>
