import { defineConfig } from 'vitest/config'

export default defineConfig({ test: { include: ['keyv/*.test.mjs'], testTimeout: 60_000 } })
