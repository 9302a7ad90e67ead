// Runs every function of the addon under AddressSanitizer and UndefinedBehaviorSanitizer and, where it is
// installed, under valgrind. Ends with 0 if neither found an error in the addon.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compile, flagsFor, hostTarget, sources } from './compile.mjs'

const exercise = fileURLToPath(new URL('./memory-exercise.mjs', import.meta.url))
const compiler = process.env.CC || 'cc'
const target = hostTarget()
const folder = mkdtempSync(join(tmpdir(), 'check-memory-'))

function build(name, ...flags) {
  const output = join(folder, name)
  compile({ target, compiler, flags: [...flagsFor(target), '-g', ...flags], output })
  return output
}

function runExercise(addonPath, [command, ...args], env) {
  const { status, signal, stdout, stderr } = spawnSync(command, [...args, '--expose-gc', exercise], {
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
    env: {
      ...process.env,
      ...env,
      TMPDIR: folder,
      MEMORY_EXERCISE: JSON.stringify({ addonPath, inWorker: false }),
    },
  })
  return { ended: status ?? signal, complete: stdout.includes('exercised'), output: stdout + stderr }
}

function sanitize() {
  const flags = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer']
  const library = spawnSync(compiler, ['-print-file-name=libasan.so'], { encoding: 'utf8' }).stdout.trim()
  const { ended, complete, output } = runExercise(build('sanitized.node', ...flags), [process.execPath], {
    LD_PRELOAD: library,
    // Node itself frees little at its end: leaks are not looked for.
    ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=0:exitcode=9',
    UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
  })
  return ended === 0 && complete ? [] : [`AddressSanitizer ended with ${ended}:\n${output}`]
}

function runValgrind() {
  if (spawnSync('valgrind', ['--version']).error) return []
  const options = [
    `--log-file=${folder}/valgrind-%p.log`,
    '--num-callers=30',
    '--error-limit=no',
    '--vgdb=no',
  ]
  const addonPath = build('valgrind.node', '-O1')
  const { ended, complete, output } = runExercise(
    addonPath,
    // valgrind keeps its own descriptors below the limit, and knows no close_range(2): a spawned child goes through all of them.
    ['sh', '-c', 'ulimit -n 1024 && exec "$@"', 'sh', 'valgrind', ...options, process.execPath, '--jitless'],
    {},
  )
  if (ended !== 0 || !complete) return [`valgrind ended with ${ended}:\n${output}`]
  return readdirSync(folder)
    .filter((name) => name.startsWith('valgrind-'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split(/^==\d+== *\n/m))
    .filter(concernsAddon)
}

/**
 * V8's garbage collector reads whatever stands on the stack, below calls from the addon too: a use of something
 * uninitialised counts where the addon itself, or the C library for it, does that. A bad access counts wherever the addon
 * is named, as it may have freed what libuv uses.
 */
function concernsAddon(error) {
  const files = sources.map((path) => basename(path)).filter((name) => name.endsWith('.c'))
  const ofAddon = (frame) => files.some((name) => frame.includes(`(${name}:`))
  const frames = error.split('\n').filter((line) => /(at|by) 0x/.test(line))
  if (/Invalid (read|write|free)/.test(error)) return frames.some(ofAddon)
  return ofAddon(frames.find((frame) => !/vgpreload|libc\.so|ld-linux/.test(frame)) ?? '')
}

try {
  const errors = [...sanitize(), ...runValgrind()]
  for (const error of errors) console.error(error)
  console.log(
    errors.length === 0 ? 'no memory errors in the addon' : `${errors.length} memory errors in the addon`,
  )
  process.exitCode = errors.length === 0 ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
