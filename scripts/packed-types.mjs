// Compiles and runs a program against the tarballs as a TypeScript user does: with all declarations checked, under npm
// and under strict pnpm, with the oldest zod of the peer dependency and with the newest.
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { expect } from './packed-project.mjs'
import { publicPackages, root } from './public-packages.mjs'

/** Two copies of zod made tsc run for minutes, and out of memory. It is CPU time: other work may slow this machine down. */
const tscLimitMs = 30_000

const printCpuTime = `
  process.on('exit', () => {
    const { user, system } = process.cpuUsage()
    console.log(Math.round((user + system) / 1000))
  })
`

const tsconfig = JSON.stringify({
  compilerOptions: {
    target: 'ES2022',
    module: 'NodeNext',
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    types: ['node'],
    typeRoots: [`${root}/node_modules/@types`],
  },
  files: ['program.ts'],
})

const program = `
  import { statusSchema, type Status } from 'procroll'
  import { defineState, shellflip } from 'shellflip'
  import { z } from 'zod'

  const link = z.codec(z.string(), z.instanceof(URL), { decode: (text) => new URL(text), encode: (url) => url.href })
  const user = z.object({ name: z.string(), born: z.date().optional(), links: z.array(link) })
  const event = z.discriminatedUnion('type', [
    z.object({ type: z.literal('joined'), user }),
    z.object({ type: z.literal('left'), at: z.date() }),
  ])
  const schema = z.object({ users: z.map(z.string(), user), events: z.array(event), last: z.record(z.string(), user.partial()) })
  type Users = z.infer<typeof schema>

  export const State = defineState({ name: 'users', version: 1, schema })
  export async function start(users: Users): Promise<Users | undefined> {
    const flip = await shellflip({ state: State, save: () => users })
    return flip.state
  }
  // @ts-expect-error a state of another type
  export const wrong = () => shellflip({ state: State, save: () => ({ users: 1 }) })
  export const parse = (line: string): Status => statusSchema.parse(JSON.parse(line))
`

const use = `
  import { defineState } from 'shellflip'
  import { statusSchema } from 'procroll'
  import { z } from 'zod'
  const link = z.codec(z.string(), z.instanceof(URL), { decode: (text) => new URL(text), encode: (url) => url.href })
  const State = defineState({ name: 'links', version: 1, schema: z.map(z.string(), z.object({ link })) })
  const back = await State.decode(State.encode(new Map([['docs', { link: new URL('https://example.org/') }]])))
  console.log(back.get('docs').link.hostname, statusSchema.safeParse({}).success)
`

/** All tarballs are installed in the end, with the newest zod. */
export async function checkUnderNpm(project, tarballs) {
  const [oldest, newest] = zodVersions()
  await project.npm('--strict-peer-deps', `zod@${oldest}`, ...tarballs)
  await check(project, `npm, zod ${oldest}`)
  await project.npm('--strict-peer-deps', `zod@${newest}`)
  await check(project, `npm, zod ${newest}`)
}

/** Nothing is hoisted, and a peer dependency that is missing or does not fit is an error. */
export async function checkUnderPnpm(project, tarballs) {
  const overrides = Object.fromEntries(
    publicPackages().map(({ name }) => [name, `file:${tarballOf(name, tarballs)}`]),
  )
  const settings = {
    nodeLinker: 'isolated',
    strictPeerDependencies: true,
    autoInstallPeers: false,
    storeDir: `${project.folder}.store`,
    overrides,
  }
  project.write('pnpm-workspace.yaml', JSON.stringify(settings))
  for (const zod of zodVersions()) {
    await project.pnpm(`zod@${zod}`, ...['shellflip', 'procroll'].map((name) => tarballOf(name, tarballs)))
    await check(project, `pnpm, zod ${zod}`)
  }
}

async function check(project, name) {
  project.write('tsconfig.json', tsconfig)
  project.write('program.ts', program)
  project.write('print-cpu-time.cjs', printCpuTime)
  const tsc = `${root}/node_modules/typescript/bin/tsc`
  const cpuMs = Number(await project.run('node', '--require', './print-cpu-time.cjs', tsc, '-p', '.'))
  if (!(cpuMs < tscLimitMs)) throw new Error(`${name}: tsc took ${cpuMs} ms of CPU time`)
  expect(await project.run('node', '--input-type=module', '-e', use), 'example.org false')
  console.log(`${name}: tsc takes ${cpuMs} ms of CPU time`)
}

/** The oldest zod that the peer dependency allows, and the newest that the lockfile knows. */
function zodVersions() {
  const { manifest } = publicPackages().find(({ name }) => name === 'shellflip')
  const installed = `${root}/packages/shellflip/node_modules/zod/package.json`
  return [manifest.peerDependencies.zod.slice(1), JSON.parse(readFileSync(installed, 'utf8')).version]
}

/** As pnpm names it: without "@", and with "-" for "/". */
function tarballOf(name, tarballs) {
  const start = `${name.replace('@', '').replace('/', '-')}-`
  const found = tarballs.find(
    (path) => basename(path).startsWith(start) && /^\d/.test(basename(path).slice(start.length)),
  )
  if (found === undefined) throw new Error(`${name} has no tarball`)
  return found
}
