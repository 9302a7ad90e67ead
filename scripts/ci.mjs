// The tests, those under a real systemd, then every other gate, each counted as one check. The last line is
// "N passed, N failed".
import { Enclosure } from './leftovers.mjs'
import { publicPackages, root } from './public-packages.mjs'
import { runCommand } from './run-command.mjs'

/** Each check is a command that exits 0. These only read, so two lanes of them run at once. Those of one package follow each other. */
const readingChecks = [
  [{ name: 'types', command: ['npm', 'run', 'types'] }],
  [{ name: 'lint and format', command: ['npm', 'run', 'lint'] }],
  [{ name: 'layers', command: ['npm', 'run', 'layers'] }],
  [{ name: 'unused files, exports and dependencies', command: ['npm', 'run', 'unused'] }],
  [{ name: 'public types', command: ['npm', 'run', 'declarations'] }],
  [{ name: 'origin, license, pinned actions', command: ['node', 'scripts/check-repository.mjs'] }],
  [{ name: 'state tables in the docs', command: ['node', 'scripts/print-state-tables.mjs', '--check'] }],
  [{ name: 'error codes in the docs', command: ['node', 'scripts/print-errors.mjs', '--check'] }],
  [{ name: 'benchmarks in the docs', command: ['npm', 'run', 'benchmarks', '--', '--check'] }],
  [{ name: 'prose of READMEs and docs', command: ['npm', 'run', 'prose'] }],
  [{ name: 'retired words', command: ['npm', 'run', 'words'] }],
  ...publicPackages().map(({ name, folder }) => [
    { name: `publint: ${name}`, command: ['publint', '--strict', '--pack', 'pnpm'], cwd: folder },
    {
      name: `types as published: ${name}`,
      command: ['attw', '--pack', '.', '--profile', 'esm-only'],
      cwd: folder,
    },
  ]),
]

/** These start services, and leave nothing behind. `lastLine` matches the last line of a check. */
const checks = [
  { name: 'tarballs install and run without a compiler', command: ['node', 'scripts/check-packed.mjs'] },
  {
    name: 'native code under ASan and valgrind',
    command: ['node', 'packages/fd-passing/native/check-memory.mjs'],
  },
  { name: 'the tests under Node 26', command: ['node', 'scripts/matrix.mjs', '26', '--brief'] },
  { name: 'demo', command: ['npm', 'run', 'demo'], lastLine: /^[\d,]+ requests, 0 failed$/ },
]

const countLine = /^(\d+) passed, (\d+) failed$/
const failureLine = /^\s*failed: /
const total = { passed: 0, failed: 0 }
/** Repeated at the end, where a reader of a failed run looks first. */
const failures = []
const enclosure = new Enclosure()
const env = {
  ...process.env,
  ...enclosure.environment,
  PATH: `${root}/node_modules/.bin:${process.env.PATH}`,
  NO_COLOR: '1',
}

await runSuite('npm test', ['npm', 'test'])
await runSuite('npm run e2e', asRoot(['vitest', 'run', '--root', 'packages/e2e']))
await Promise.all([runLane(), runLane()])
report('the checks that only read leave nothing behind', await enclosure.leftovers())
for (const check of checks) await runCheck(check, () => enclosure.leftovers())
enclosure[Symbol.dispose]()
process.exitCode = total.failed === 0 ? 0 : 1
console.log(['', ...failures, `${total.passed} passed, ${total.failed} failed`].join('\n'))

/** Namespaces and mounts are root's. Only the tests run so: what a build writes has to stay the user's. */
function asRoot(command) {
  if (process.getuid?.() === 0) return command
  return ['sudo', '--non-interactive', '--preserve-env', 'env', `PATH=${env.PATH}`, ...command]
}

/** Tests count themselves; that they end well and leave nothing behind is one check more. */
async function runSuite(name, command) {
  const onLine = (line) => countLine.test(line) || console.log(line)
  const { ok, lines } = await runCommand(command, { cwd: root, env, deadlineMs: 15 * 60_000, onLine })
  const [, passed, failed] = countLine.exec(lastOf(lines)) ?? ['', 0, 0]
  total.passed += Number(passed)
  total.failed += Number(failed)
  failures.push(...lines.filter((line) => failureLine.test(line)))
  const problems = await enclosure.leftovers()
  if (!countLine.test(lastOf(lines))) problems.push(`${name} did not come to its closing line`)
  else if (!ok && Number(failed) === 0) problems.push(`${name} counted no failure, and failed`)
  report(`${name}: ${passed} passed, ${failed} failed; it ends well and leaves nothing behind`, problems)
}

async function runLane() {
  for (let group = readingChecks.shift(); group !== undefined; group = readingChecks.shift()) {
    for (const check of group) await runCheck(check)
  }
}

async function runCheck({ name, command, cwd = root, lastLine = /(?:)/ }, leftovers = () => []) {
  const started = performance.now()
  const { ok, lines } = await runCommand(command, { cwd, env, deadlineMs: 10 * 60_000 })
  const problems = [...(await leftovers())]
  if (!lastLine.test(lastOf(lines))) problems.push(`the last line is not ${lastLine}`)
  if (!ok) problems.push(`${command.join(' ')} failed`)
  report(`${name} (${((performance.now() - started) / 1000).toFixed(1)} s)`, problems, lines)
}

function report(name, problems, output = []) {
  const ok = problems.length === 0
  total[ok ? 'passed' : 'failed'] += 1
  console.log(`${ok ? 'pass' : 'FAIL'}  ${name}`)
  if (ok) return
  for (const line of [...output, ...problems]) console.log(`      ${line}`)
  failures.push(`failed: ${name}: ${problems.join('; ')}`, ...output.filter((line) => failureLine.test(line)))
}

function lastOf(lines) {
  return lines.findLast((line) => line.trim() !== '') ?? ''
}
