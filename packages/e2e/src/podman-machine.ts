import { cpSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Machine } from './machine.ts'
import { examplesFolder, machineFolder } from './places.ts'

export const podmanExample = 'systemd-podman'

const image = 'localhost/procroll-podman-systemd-example:latest'

/** What the image of the example is made of; its own files are in the folder that `install` made. */
const buildImage = ['podman', 'build', '--quiet', '--tag', image, `/srv/${podmanExample}/current`]

/** For podman's `--init` (catatonit) and its networks (aardvark-dns, nftables), and what stands before them. */
const debianPackages = ['podman', 'crun', 'catatonit', 'aardvark-dns', 'nftables', 'haproxy']

/** A machine with podman, examples/systemd-podman installed, and what its Containerfile begins with. */
export async function bootWithPodman(): Promise<Machine> {
  const machine = await Machine.boot({ debianPackages })
  try {
    // The machine's cgroups have no controllers, and nobody in it may raise a limit.
    const ulimits = '["nofile=1024:4096", "nproc=1024:4096"]'
    machine.write(
      '/etc/containers/containers.conf',
      `[containers]\npids_limit = 0\ndefault_ulimits = ${ulimits}\n`,
    )
    await makeNodeImage(machine)
    await machine.install(podmanExample)
    return machine
  } catch (error) {
    await machine.stop()
    throw error
  }
}

/** Builds the example's image, in which then stands what `install` has put into `current`. */
export async function buildExampleImage(machine: Machine): Promise<void> {
  await machine.run(buildImage)
}

/** Deploys a version of the image whose server is this. */
export async function deployServer(machine: Machine, server: string): Promise<void> {
  machine.write(`/srv/${podmanExample}/current/server.mjs`, server)
  await buildExampleImage(machine)
}

/** The names of all containers that podman knows, however they are. */
export async function containers(machine: Machine): Promise<string[]> {
  const names = await machine.run(['podman', 'ps', '--all', '--format={{.Names}}'])
  return names.split('\n').filter(Boolean).sort()
}

async function makeNodeImage(machine: Machine): Promise<void> {
  const modules = '/tmp/modules'
  for (const name of ['sd-notify', 'shutdown-coordination', 'fd-passing']) {
    cpSync(
      machine.path(`/usr/lib/node_modules/@shellflip/${name}`),
      machine.path(`${modules}/@shellflip/${name}`),
      {
        recursive: true,
        verbatimSymlinks: true,
      },
    )
  }
  // Beside it stands its native part.
  const nodeUnixSocket = realpathSync(join(examplesFolder, podmanExample, 'node_modules/node-unix-socket'))
  for (const name of readdirSync(dirname(nodeUnixSocket))) {
    cpSync(realpathSync(join(dirname(nodeUnixSocket), name)), machine.path(`${modules}/${name}`), {
      recursive: true,
    })
  }
  const script = readFileSync(join(machineFolder, 'node-image.sh'), 'utf8')
  await machine.run(['bash', '-s', modules, 'localhost/node:lts-slim'], { input: script })
}
