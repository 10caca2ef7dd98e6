import { defineConfig } from 'vitest/config'

/** Tests that compare times with a bound: next to others they would measure those. */
const timed = ['network/shaped.test.ts', 'test/readme.test.ts', 'test/docs.test.ts']
const nowhere = ['**/node_modules/**', 'dist/**', 'runs/**']

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: ['default', './test/closing-line.ts'],
    projects: [
      { extends: true, test: { name: 'together', include: ['**/*.test.ts'], exclude: [...nowhere, ...timed], maxWorkers: 2 } },
      { extends: true, test: { name: 'alone', include: timed, exclude: nowhere, maxWorkers: 1, sequence: { groupOrder: 1 } } }
    ]
  }
})
