/**
 * Ends a test run with what failed, a line each ("failed: ..."), and the one plain line that scripts read:
 * "N passed, N failed". What failed outside a test (a file that cannot be loaded, a hook, an unhandled
 * error) counts as failed too.
 */
export default class CountReporter {
  onTestRunEnd(modules, unhandledErrors, reason) {
    let passed = 0
    const failures = unhandledErrors.map((error) => sentence('outside a test', [error]))
    for (const module of modules) {
      const file = module.relativeModuleId
      for (const error of module.errors()) failures.push(sentence(file, [error]))
      for (const suite of module.children.allSuites()) {
        for (const error of suite.errors()) failures.push(sentence(`${file} > ${suite.fullName}`, [error]))
      }
      for (const test of module.children.allTests()) {
        const { state, errors } = test.result()
        if (state === 'passed') passed += 1
        if (state === 'failed') failures.push(sentence(`${file} > ${test.fullName}`, errors))
      }
    }
    if (reason !== 'passed' && failures.length === 0) failures.push(`failed: the run was ${reason}`)
    // Other reporters, and vitest itself while it closes, still print: this comes after all of them.
    process.once('exit', () => {
      console.log(['', ...failures, `${passed} passed, ${failures.length} failed`].join('\n'))
    })
  }
}

function sentence(where, errors) {
  const [why = 'no reason given'] = errors.map(({ message }) => String(message).split('\n')[0])
  return `failed: ${where}: ${why}`
}
