import { testDatabases } from './databases.js'

testDatabases(1, 100)
