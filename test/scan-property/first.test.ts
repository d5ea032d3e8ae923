import { testDatabases } from './databases.js'

testDatabases(0, 100)
