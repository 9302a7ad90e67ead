import type { Socket as DatagramSocket } from 'node:dgram'
import type { Server } from 'node:net'
import type { OwnedFd, SocketAddress } from '@shellflip/fd-passing'
import { show } from '@shellflip/internal'
import { type BindAddress, closeDatagram, type ListenAddress } from '@shellflip/listeners'
import { ShutdownCoordinator } from '@shellflip/shutdown-coordination'
import { BecomingReady } from './becoming-ready.ts'
import { checkServeOptions, serveOptionNames } from './connections/check-serve-options.ts'
import type { ServeOptions } from './connections/serve-options.ts'
import { checkIsNotControlSocket } from './control-socket/check-listen-path.ts'
import { DrainRegistrations } from './drain-registrations.ts'
import { FinalDrain } from './final-drain.ts'
import type { Flip } from './flip.ts'
import type { FlipEvent, UpgradeTrigger } from './flip-events.ts'
import { FlipLife } from './flip-life.ts'
import type { FlipParts } from './flip-parts.ts'
import type { FlipEnd, UpgradeOutcome } from './outcome.ts'
import { ServiceResources } from './service-resources.ts'
import { invalidArgument } from './shellflip-error.ts'
import { Shutdown } from './shutdown.ts'
import { Stopping } from './stopping.ts'
import { Upgrades } from './upgrades.ts'

/** Composes what a process of the service does: become ready, upgrade, stop and drain. */
export class FlipProcess<S> implements Flip<S> {
  readonly state: S
  readonly done: Promise<FlipEnd>
  readonly predecessorExited: Promise<void>
  readonly coordinator: ShutdownCoordinator
  readonly #parts: FlipParts
  readonly #drains = new DrainRegistrations()
  readonly #life = new FlipLife()
  readonly #resources: ServiceResources
  readonly #readiness: BecomingReady
  readonly #stopping: Stopping
  readonly #upgrades: Upgrades

  constructor(parts: FlipParts) {
    const life = this.#life
    this.#parts = parts
    this.state = parts.state as S
    this.predecessorExited = parts.predecessor.gone
    const coordinator = new ShutdownCoordinator({ drainTimeoutMs: parts.options.drainTimeoutMs })
    const resources = new ServiceResources(parts)
    const drain = new FinalDrain(parts, life, new Shutdown(parts, resources, coordinator))
    const readiness = new BecomingReady(parts, life, resources)
    const stopping = new Stopping(parts, { life, readiness, drain, coordinator })
    this.#upgrades = new Upgrades(parts, { life, resources, stopping, drain, atOnce: coordinator.deadline })
    this.coordinator = coordinator
    this.done = drain.done
    this.#resources = resources
    this.#readiness = readiness
    this.#stopping = stopping
  }

  listen(server: Server, address: ListenAddress, options: ServeOptions = {}): Promise<SocketAddress> {
    const { sockets, connections } = this.#resources
    return sockets.listen(server, address, {
      admit: () => {
        checkServeOptions(options)
        checkIsNotControlSocket(address, this.#parts.options)
        this.#drains.register(server, options.name ?? address.name ?? 'server', (name) =>
          this.coordinator.watch(server, connections.register(server, { ...options, name })),
        )
      },
      onKey: (key) => connections.route(key, server),
      otherOptions: serveOptionNames,
    })
  }

  bind(socket: DatagramSocket, address: BindAddress): Promise<SocketAddress> {
    return this.#resources.sockets.bind(socket, address, () =>
      this.#drains.register(socket, address.name ?? 'udp', (name) =>
        this.coordinator.onDrain(name, async () => closeDatagram(socket)),
      ),
    )
  }

  open(name: string, make: () => OwnedFd | Promise<OwnedFd>): Promise<OwnedFd> {
    return this.#resources.sockets.open(name, make)
  }

  ready(): Promise<void> {
    return this.#readiness.begin()
  }

  upgrade(): Promise<UpgradeOutcome> {
    return this.request('api')
  }

  async request(by: UpgradeTrigger): Promise<UpgradeOutcome> {
    const { events, options } = this.#parts
    events.emit({ type: 'upgrade-requested', by })
    await this.#readiness.activated()
    const outcome = await this.#upgrades.request()
    events.emit({ type: 'upgrade-over', by, outcome })
    // Not during a stop, because a second stop would cut the drain.
    if (outcome.type === 'failed' && options.exitOnError && this.#life.phase === 'serving') {
      process.exitCode ||= 1
      void this.stop('exitOnError')
    }
    return outcome
  }

  stop(reason = 'stop()'): Promise<FlipEnd> {
    this.#stopping.request('call', reason)
    return this.done
  }

  /** @param isEmitted whether the program emitted the event of the signal, and no process sent one */
  stopBySignal(signal: NodeJS.Signals, isEmitted: boolean): void {
    this.#stopping.request(signal, signal, isEmitted)
  }

  stopByMessage(): void {
    this.#stopping.request('message', 'shutdown')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#stopping.hasBegun) void this.stop()
    await this.done
  }

  onEvent(listener: (event: FlipEvent) => unknown): Disposable {
    if (typeof listener !== 'function') {
      throw invalidArgument(`flip.onEvent() takes a function, not ${show(listener)}.`)
    }
    return this.#parts.events.onEvent(listener)
  }

  events(): AsyncIterable<FlipEvent> {
    return this.#parts.events.events()
  }

  /** Cleans up on any exit of this process, also by `process.exit()` or an uncaught exception. */
  exit(): void {
    const { phase } = this.#life
    if (phase === 'preparing') this.#resources.exit()
    else if (phase === 'serving') this.#resources.vacate()
    // During an upgrade the successor may have everything that it needs, and serve.
    else if (phase !== 'upgrading' && phase !== 'aborting') this.#resources.end()
  }
}
