import type { TestModule, Reporter } from 'vitest/node'

/** Ends the output with one line of counts that any reader of logs understands, after naming what was skipped. */
export default class ClosingLine implements Reporter {
  onTestRunEnd (modules: ReadonlyArray<TestModule>): void {
    const counts = { passed: 0, failed: 0, skipped: 0, pending: 0 }

    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const result = test.result()
        counts[result.state]++

        if (result.state === 'skipped') {
          process.stdout.write(`skipped: ${test.fullName}${result.note == null ? '' : ` (${result.note})`}\n`)
        }
      }

      // A file that could not be loaded has no tests to fail.
      counts.failed += module.state() === 'failed' && [...module.children.allTests()].length === 0 ? 1 : 0
    }

    process.stdout.write(`${counts.passed} passed, ${counts.failed + counts.pending} failed, ${counts.skipped} skipped\n`)
  }
}
