// Loaded before a suite that imports the package `level`: it gets MarquetryLevel instead.

const Module = require('node:module')

const resolve = Module._resolveFilename
Module._resolveFilename = function (request, ...rest) {
  return request === 'level' ? require.resolve('../level.cjs') : resolve.call(this, request, ...rest)
}
