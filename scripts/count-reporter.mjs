/** Ends a test run with the one plain line that scripts read: "N passed, N failed". */
export default class CountReporter {
  onTestRunEnd(modules, unhandledErrors) {
    let passed = 0
    let failed = unhandledErrors.length
    for (const module of modules) {
      failed += module.errors().length
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed') passed += 1
        if (state === 'failed') failed += 1
      }
    }
    console.log(`\n${passed} passed, ${failed} failed`)
  }
}
