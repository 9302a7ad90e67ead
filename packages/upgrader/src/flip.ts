import type { Socket as DatagramSocket } from 'node:dgram'
import type { Server } from 'node:net'
import { closeAll, type OwnedFd, type SocketAddress } from '@shellflip/fd-passing'
import type { HandoverChannel } from '@shellflip/handover'
import { messageOf } from '@shellflip/internal'
import { launchCommand } from '@shellflip/launcher'
import { type BindAddress, closeDatagram, type ListenAddress, ListenersError } from '@shellflip/listeners'
import { ShutdownCoordinator } from '@shellflip/shutdown-coordination'
import type { UpgradeLock } from '@shellflip/upgrade-lock'
import { activeResources } from './active-resources.ts'
import { admitUpgrade, leaveLock, releaseGivenLock, releaseLock } from './admit-upgrade.ts'
import type { UpgradeResult } from './carrier/carrier.ts'
import { passOnStop } from './carrier/pass-on-stop.ts'
import { checkServeOptions, serveOptionNames } from './connections/check-serve-options.ts'
import type { ServeOptions } from './connections/serve-options.ts'
import { checkIsNotControlSocket } from './control-socket/check-listen-path.ts'
import { DrainRegistrations } from './drain-registrations.ts'
import type { UpgradeTrigger } from './flip-events.ts'
import { type FlipAction, type FlipPhase, type FlipTrigger, flipTable } from './flip-table.ts'
import { describeUpgradeFailure, type FlipEnd, refused, type UpgradeOutcome } from './outcome.ts'
import { type ServiceParts, ServiceResources } from './service-resources.ts'
import { sharedSignals } from './shared-signals.ts'
import { ShellflipError } from './shellflip-error.ts'
import { Shutdown } from './shutdown.ts'
import { Stops } from './stop-signals.ts'
import { runHook, systemFailure, upgrade } from './upgrade.ts'

export type FlipParts = ServiceParts & {
  readonly state: unknown
  readonly parent?: ServiceParent | undefined
}

/** The process that waits for the service: its launcher, or the process that has forked it. */
export type ServiceParent = {
  /** Reports that the service is ready. */
  ready(): void
  /** Detaches from the parent, because this process has drained. The parent must no longer keep it alive. */
  leave(): void
}

/** The delay after the drain before a report of what still keeps the process alive, in milliseconds. */
const keptAliveMs = 1_000

/** One process of a service that replaces itself, from its start until it has drained. `shellflip()` makes it. */
export class Flip<S> {
  /** The state that the predecessor saved, or undefined if there was none. A stream must be read to its end before {@link ready}. */
  readonly state: S
  /**
   * Resolves with how this process's part ended: upgraded (to which pid), stopped (by what), or stored for the next instance. The process
   * then exits by itself, as soon as nothing of the program keeps it alive. Anything that still does ends with it at the drain deadline.
   */
  readonly done: Promise<FlipEnd>
  /** Resolves when the predecessor has exited, or at once if there was none. Then this process is the only one. */
  readonly predecessorExited: Promise<void>
  /** Drains the service at the end. Register tasks, queues and your own servers with it. */
  readonly coordinator: ShutdownCoordinator
  readonly #parts: FlipParts
  readonly #drains = new DrainRegistrations()
  readonly #resources: ServiceResources
  readonly #shutdown: Shutdown
  readonly #stops = new Stops()
  #phase: FlipPhase = 'preparing'
  #readying: Promise<void> | undefined
  #isActivating = false
  #isStopDeferred = false
  #abort = new AbortController()
  /** The reason of the first stop. An upgrade that is under way ends before the stop begins. */
  #stopReason: string | undefined
  /** Whether the successor of this process has exited, and no other one has followed. */
  #nobodyServes = false
  #resolveDone: (end: FlipEnd) => void = () => {}

  /** @internal */
  constructor(parts: FlipParts) {
    this.#parts = parts
    this.state = parts.state as S
    this.coordinator = new ShutdownCoordinator({ deadlineMs: parts.options.drainTimeoutMs })
    this.predecessorExited = parts.predecessor.gone
    this.done = new Promise((resolve) => {
      this.#resolveDone = resolve
    })
    this.#resources = new ServiceResources(parts)
    this.#shutdown = new Shutdown(parts, this.#resources, this.coordinator)
  }

  /**
   * Lets a server of node:net, http, https or http2 listen. It uses the predecessor's socket, one from a service manager, or a new one that
   * is bound now. The server accepts from {@link ready} on, and drains in the end. If the address is not available, this rejects and so
   * does `ready()`. The upgrade then fails, and not the service.
   *
   * @param options how it drains, and what happens to its connections in an upgrade
   * @returns where it listens
   * @throws {ListenersError} ERR_CANNOT_LISTEN
   * @throws {ListenersError} ERR_NO_SUCH_SOCKET
   * @throws {ListenersError} ERR_INVALID_ARGUMENT
   * @throws {ListenersError} ERR_NO_LONGER_SERVING
   * @throws {ShellflipError} ERR_INVALID_ARGUMENT if an option has a mistake
   */
  listen(server: Server, address: ListenAddress, options: ServeOptions = {}): Promise<SocketAddress> {
    const { sockets, connections } = this.#resources
    return sockets.listen(server, address, {
      admit: () => {
        checkServeOptions(options)
        checkIsNotControlSocket(address, this.#parts.options)
        this.#drains.register(server, options.name ?? address.name ?? 'server', (name) =>
          this.coordinator.server(server, connections.drainOptions(server, { ...options, name })),
        )
      },
      onKey: (key) => connections.route(key, server, options),
      otherOptions: serveOptionNames,
    })
  }

  /**
   * Binds a UDP socket in the same way. It receives from {@link ready} on, and is closed when the drain begins.
   *
   * @throws {ListenersError} as {@link listen}
   */
  bind(socket: DatagramSocket, address: BindAddress): Promise<SocketAddress> {
    return this.#resources.sockets.bind(socket, address, () =>
      this.#drains.register(socket, address.name ?? 'udp', (name) =>
        this.coordinator.drain(name, async () => closeDatagram(socket)),
      ),
    )
  }

  /**
   * Opens a descriptor of any kind: the predecessor's of this name, or the one that `make` makes. The caller owns the result. A copy of it
   * is kept for a successor.
   */
  open(name: string, make: () => OwnedFd | Promise<OwnedFd>): Promise<OwnedFd> {
    return this.#resources.sockets.open(name, make)
  }

  /**
   * The commit point. It prepares everything that can fail, reports ready, and begins to serve when the predecessor agrees. The predecessor
   * keeps serving until it knows that this process serves. A failure or an exit of this process before that changes nothing for its
   * clients. Resolves when everything accepts.
   *
   * @throws {ShellflipError} ERR_UNMANAGED_SERVER
   * @throws {ShellflipError} ERR_INVALID_ARGUMENT
   * @throws {ShellflipError} ERR_CALLED_TWICE
   * @throws {ShellflipError} ERR_STOPPED
   * @throws {ListenersError} ERR_CANNOT_LISTEN if a `listen()` failed
   * @throws {HandoverError} ERR_REFUSED if the predecessor keeps serving. Exit this process then
   */
  async ready(): Promise<void> {
    if (this.#readying !== undefined)
      throw new ShellflipError('ERR_CALLED_TWICE', 'flip.ready() was called before. Call it once.')
    this.#readying = this.#becomeReady()
    return this.#readying
  }

  async #becomeReady(): Promise<void> {
    const { predecessor, manager } = this.#parts
    const lock = predecessor.lock()
    try {
      await this.#resources.prepare()
      this.#checkNotStopped()
      const connections = predecessor.connections()
      const state = await predecessor.ready(() => this.#activate())
      void this.#resources.connections.takeFrom(connections)
      this.#happen('ready')
      await this.#resources.own()
      this.#checkNotStopped()
      await manager.serving()
      this.#announceReady(state)
    } catch (error) {
      predecessor.refuse(messageOf(error))
      // After the commit the paths are this process's own. Only a stop removes them.
      if (!predecessor.committed) this.#resources.abandon()
      if (!isOurs(error)) this.#checkNotStopped(error)
      throw error
    } finally {
      releaseGivenLock(lock, this.#parts.options.lock)
    }
  }

  /** @throws {Error} if something could not begin to serve, and the predecessor can still continue */
  async #activate(): Promise<void> {
    this.#isActivating = true
    try {
      await this.#resources.accept()
    } catch (error) {
      if (!this.#parts.predecessor.committed) throw error
      this.#parts.emit({ type: 'activation-failed', step: 'accept', error })
    }
  }

  /** Replaces this process by a new one. Never rejects: the outcome reports a failure. */
  upgrade(): Promise<UpgradeOutcome> {
    return this.request('api')
  }

  /**
   * Stops the service: drains, and resolves {@link done}. A second call ends at once the work that is still in flight. A call soon after a
   * stop signal counts as the stop that the signal began.
   */
  stop(reason = 'stop()'): void {
    if (this.#stops.isNew('call')) this.#stopFor(reason)
  }

  /** @internal */
  stopBySignal(signal: NodeJS.Signals, isEmitted: boolean): void {
    if (this.#stops.isNew(signal, isEmitted)) this.#stopFor(signal)
  }

  /** @internal */
  stopByMessage(): void {
    if (this.#stops.isNew('message')) this.#stopFor('shutdown')
  }

  #stopFor(reason: string): void {
    if (this.#parts.predecessor.deciding) {
      this.#stopWhenDecided(reason)
      return
    }
    const from = this.#phase
    this.#stopReason ??= reason
    if (this.#nobodyServes) this.#stopUnserved(from)
    else if (this.#happen('stop') === 'drain') this.#stop(reason, from)
  }

  /**
   * Waits for the predecessor, which decides at this moment which process serves. A predecessor that is stopped (SIGSTOP) may never decide.
   * A second stop, or the drain deadline, ends this process. Then the predecessor continues, if it can.
   */
  #stopWhenDecided(reason: string): void {
    if (this.#isStopDeferred) process.exit()
    this.#isStopDeferred = true
    const limit = setTimeout(() => process.exit(), this.#parts.options.drainTimeoutMs).unref()
    const stop = () => {
      clearTimeout(limit)
      this.#stopFor(reason)
    }
    void this.#readying?.then(stop, stop)
  }

  /**
   * Ends the drain at once if no process serves any more. systemd tells all processes of a service to stop. When the main process has
   * exited, it signals those that are left again, and that ends the drain. If the main process crashed, the first such signal comes after
   * its exit. systemd then starts the service again when this process has exited.
   */
  #stopUnserved(from: FlipPhase): void {
    if (from === 'draining') void this.coordinator.shutdownNow()
  }

  /** Cleans up on any exit of this process, also by `process.exit()` or an uncaught exception. @internal */
  exit(): void {
    if (this.#phase === 'preparing') this.#resources.exit()
    else if (this.#phase === 'serving') this.#resources.vacate()
    // During an upgrade the successor may have everything that it needs, and serve.
    else if (this.#phase !== 'upgrading' && this.#phase !== 'aborting') this.#resources.end()
  }

  /** @internal */
  async request(by: UpgradeTrigger): Promise<UpgradeOutcome> {
    const { emit } = this.#parts
    emit({ type: 'upgrade-requested', by })
    // A client of the control socket reaches this process a moment before it serves.
    if (this.#isActivating) await this.#readying?.catch(() => {})
    const outcome = await this.#answer()
    emit({ type: 'upgrade-over', by, outcome })
    // Not during a stop, because a second stop would cut the drain.
    if (outcome.type === 'failed' && this.#parts.options.exitOnError && this.#phase === 'serving') {
      process.exitCode ||= 1
      this.stop('exitOnError')
    }
    return outcome
  }

  async #answer(): Promise<UpgradeOutcome> {
    const { older, options } = this.#parts
    const step = flipTable[this.#phase].upgrade
    if (step !== undefined && 'refuse' in step) return refused(step.refuse)
    if (older.count >= options.maxDraining) {
      return { type: 'refused', reason: 'too-many-draining', message: await older.describe() }
    }
    const admission = admitUpgrade(options.lock)
    // Nothing is awaited before the state changes, so one of two concurrent requests is refused.
    return admission.type === 'admitted' ? this.#upgrade(admission.lock) : admission
  }

  async #upgrade(lock: UpgradeLock | undefined): Promise<UpgradeOutcome> {
    const { options, manager, emit } = this.#parts
    const startedAt = performance.now()
    const elapsedMs = () => Math.round(performance.now() - startedAt)
    this.#abort = new AbortController()
    this.#happen('upgrade')
    const telling = manager.upgrading()
    const result = await this.#carry(lock).catch(systemFailure)
    await telling
    if (result.type === 'failed') {
      const message = describeUpgradeFailure(result.failure)
      await this.#resources.takeBack()
      releaseLock(lock)
      // The manager must get this report before the report of a stop, because it expects nothing after that.
      const told = manager.upgradeFailed(message)
      if (this.#happen('failed') === 'drain') this.#stop(this.#stopReason ?? 'stop()', 'aborting')
      await told
      return { type: 'failed', failure: result.failure, message, elapsedMs: elapsedMs() }
    }
    const action = this.#happen('committed')
    if (result.type === 'stored') {
      releaseLock(lock)
      this.#stop('restart', 'upgrading')
      return { type: 'stored', elapsedMs: elapsedMs() }
    }
    const { pid, channel } = result
    if (action === 'pass-on') passOnStop(pid, this.#stopReason, options.stopSignals)
    leaveLock(lock)
    const told = manager.handedOver(pid)
    this.#leave(pid, channel, told)
    await told
    void runHook('upgraded', emit, () => options.upgraded?.({ pid }))
    return { type: 'upgraded', pid, elapsedMs: elapsedMs() }
  }

  async #carry(lock: UpgradeLock | undefined): Promise<UpgradeResult> {
    const { options, manager, emit, carrier } = this.#parts
    const sockets = this.#resources.offered()
    const state = this.#resources.state()
    try {
      return await upgrade({
        carrier,
        launch: () => launchCommand(options.successor ?? {}, manager.environment),
        offer: {
          version: options.version,
          sockets,
          ...(state === undefined ? {} : { state }),
          ...(lock === undefined ? {} : { lock: lock.fd }),
        },
        readyTimeoutMs: options.readyTimeoutMs,
        signal: this.#abort.signal,
        hooks: options,
        atOnce: this.coordinator.deadline,
        emit,
      })
    } finally {
      closeAll(sockets.map(({ fd }) => fd))
    }
  }

  /** @returns what is to be done now. A mere change of the state is already done */
  #happen(trigger: FlipTrigger): FlipAction | undefined {
    const step = flipTable[this.#phase][trigger]
    if (step === undefined || 'refuse' in step) return undefined
    this.#phase = step.to
    if (step.action === 'abort') this.#abort.abort()
    if (step.action === 'end') void this.coordinator.shutdownNow()
    return step.action
  }

  /** Leaves the service to the successor, which serves. */
  #leave(pid: number, channel: HandoverChannel, told: Promise<void>): void {
    const nobodyServes = () => {
      this.#nobodyServes = true
    }
    // A rejection means that this is unknown: another process may serve.
    const keptAliveBy = () => (this.#phase === 'over' ? activeResources() : undefined)
    this.#parts.older.leave(keptAliveBy).then(nobodyServes, () => {})
    void this.#end(this.#shutdown.upgraded(pid, channel, told))
  }

  /** Stops the service, because no successor of this process serves. */
  #stop(reason: string, from: FlipPhase): void {
    if (from === 'preparing' && !this.#parts.predecessor.committed)
      void this.#end(this.#shutdown.stoppedUnready(reason))
    else void this.#end(this.#parts.carrier.stop(this.#shutdown, reason))
  }

  async #end(ending: Promise<FlipEnd>): Promise<void> {
    const end = await ending
    this.#happen('drained')
    const { manager, parent, emit } = this.#parts
    this.#stops.over()
    manager.close()
    parent?.leave()
    emit({ type: 'drained', report: end.report })
    setTimeout(() => emit({ type: 'kept-alive', resources: activeResources() }), keptAliveMs).unref()
    this.#resolveDone(end)
  }

  #announceReady(state: 'none' | 'draining' | 'gone'): void {
    const { predecessor, emit, options, parent } = this.#parts
    parent?.ready()
    for (const shared of sharedSignals([...options.upgradeSignals, ...options.stopSignals])) {
      emit({ type: 'signal-shared', ...shared })
    }
    if (state === 'none') {
      emit({ type: 'ready' })
      return
    }
    emit({ type: 'ready', predecessor: { pid: predecessor.identity?.pid, state } })
    void predecessor.gone.then(() => emit({ type: 'predecessor-exited' }))
  }

  #checkNotStopped(cause?: unknown): void {
    if (this.#phase !== 'stopping' && this.#phase !== 'over') return
    throw new ShellflipError('ERR_STOPPED', 'this process was stopped before it was ready', { cause })
  }
}

/** Reports whether the error names a mistake. A stop does not change that. */
function isOurs(error: unknown): boolean {
  return error instanceof ShellflipError || error instanceof ListenersError
}
