/**
 * Ends a test run with the one plain line that scripts read: "N passed, N failed". What failed outside a
 * test (a file that cannot be loaded, a hook, an unhandled error) counts as failed too.
 */
export default class CountReporter {
  onTestRunEnd(modules, unhandledErrors, reason) {
    let passed = 0
    let failed = unhandledErrors.length
    for (const module of modules) {
      failed += module.errors().length
      for (const suite of module.children.allSuites()) failed += suite.errors().length
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed') passed += 1
        if (state === 'failed') failed += 1
      }
    }
    if (reason !== 'passed' && failed === 0) failed = 1
    // Other reporters, and vitest itself while it closes, still print: this comes after all of them.
    process.once('exit', () => console.log(`\n${passed} passed, ${failed} failed`))
  }
}
