import { cpSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Machine } from './machine.ts'
import { examplesFolder, machineFolder } from './places.ts'

export const podmanExample = 'systemd-podman'

const image = 'localhost/procroll-podman-systemd-example:latest'

/** The base image of the example's Containerfile. */
const nodeImage = 'localhost/node:lts-slim'

/** The parts of the example's image. Its own files are in the folder that `install` made. */
const buildImage = ['podman', 'build', '--quiet', '--tag', image, `/srv/${podmanExample}/current`]

const debianPackages = [
  ...['podman', 'crun', 'haproxy'],
  // For `--init`, for networks and their DNS, and for those who are not root.
  ...['catatonit', 'aardvark-dns', 'nftables', 'dbus-user-session', 'passt', 'uidmap'],
]

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

/**
 * Adds a user for a rootless podman, with the example in the home folder, and what its Containerfile begins with. Returns
 * what runs a shell command as that user.
 */
export async function addPodmanUser(
  machine: Machine,
  name: string,
): Promise<(command: string) => Promise<string>> {
  const home = `/tmp/${name}`
  await machine.run(['useradd', '--create-home', '--home-dir', home, name])
  await machine.run(['loginctl', 'enable-linger', name])
  const uid = await machine.run(['id', '--user', name])
  await machine.until(`user@${uid}.service`, { ActiveState: 'active' })
  // A user may mount these in a namespace if they stand somewhere with nothing mounted over parts of them.
  await machine.run(['bash', '-c', 'for fs in proc sysfs; do mount --mkdir --types $fs $fs /mnt/$fs; done'])

  const environment = [`HOME=${home}`, `XDG_RUNTIME_DIR=/run/user/${uid}`]
  const user = [
    'setpriv',
    `--reuid=${uid}`,
    `--regid=${uid}`,
    '--init-groups',
    'env',
    `--chdir=${home}`,
    ...environment,
  ]
  await machine.run(['podman', 'save', '--quiet', '--output=/tmp/node.tar', nodeImage])
  await machine.run(['chmod', 'a+r', '/tmp/node.tar'])
  await machine.run([...user, 'podman', 'load', '--quiet', '--input=/tmp/node.tar'])
  await machine.run(['cp', '--recursive', `/srv/${podmanExample}/current/.`, `${home}/${podmanExample}`])
  await machine.run([
    'bash',
    '-c',
    `cp /etc/systemd/system/procroll-example*.service ${home}/${podmanExample}`,
  ])
  await machine.run(['chown', '--recursive', `${name}:`, `${home}/${podmanExample}`])
  return (command) => machine.run([...user, 'bash', '-euc', command])
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
  await machine.run(['bash', '-s', modules, nodeImage], { input: script })
}
