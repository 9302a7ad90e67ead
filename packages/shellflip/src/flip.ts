import type { Socket as DatagramSocket } from 'node:dgram'
import type { Server } from 'node:net'
import type { OwnedFd, SocketAddress } from '@shellflip/fd-passing'
import type { OfferedState } from '@shellflip/handover'
import { ShutdownCoordinator } from '@shellflip/shutdown-coordination'
import { UpgradeLock } from '@shellflip/upgrade-lock'
import { OpenConnections } from './connections/open-connections.ts'
import type { ServeOptions } from './connections/serve-options.ts'
import type { FlipEvent, UpgradeTrigger } from './flip-events.ts'
import { longestMs, type NormalizedOptions } from './flip-options.ts'
import { type FlipState, type FlipTrigger, flipTable } from './flip-state-table.ts'
import type { ManagerLink } from './manager-link.ts'
import type { OlderGenerations } from './older-generations.ts'
import { describeUpgradeFailure, type FlipEnd, refused, type UpgradeOutcome } from './outcome.ts'
import { PidFile } from './pid-file.ts'
import type { Predecessor } from './predecessor/predecessor.ts'
import type { RestartSocket } from './restart-socket/restart-socket.ts'
import { ShellflipError } from './shellflip-error.ts'
import type { BindAddress, ListenAddress } from './sockets/bind-address.ts'
import { HeldSockets } from './sockets/held-sockets.ts'
import { launchCommand } from './successor/launch-command.ts'
import { type AttemptUpgrade, soften, systemFailure, type UpgradeResult, upgrade } from './upgrade.ts'

export type FlipParts = {
  readonly options: NormalizedOptions
  readonly predecessor: Predecessor
  readonly manager: ManagerLink
  readonly older: OlderGenerations
  readonly state: unknown
  readonly emit: (event: FlipEvent) => void
  readonly attempt: AttemptUpgrade
}

/** For the program's own farewell after its work was cut, in milliseconds. */
const farewellMs = 1_000

/** One process of a service that replaces itself, from its start until it has drained. Made by `shellflip()`. */
export class Flip<S> {
  /** What the predecessor saved; undefined if there was none. A stream must be read to its end before {@link ready}. */
  readonly state: S
  /**
   * How this process's part ended: upgraded, to which pid, or stopped, by what. The process ends by itself then, as soon
   * as nothing of the program keeps it; what still does ends with it at the drain deadline.
   */
  readonly done: Promise<FlipEnd>
  /** Resolves when the predecessor's process is gone, or at once if there was none: then this is the only one. */
  readonly predecessorExited: Promise<void>
  /** What is drained at the end: register tasks, queues and servers of your own with it. */
  readonly coordinator: ShutdownCoordinator
  readonly #parts: FlipParts
  readonly #sockets: HeldSockets
  readonly #connections: OpenConnections
  readonly #pidFile: PidFile | undefined
  #restartSocket: RestartSocket | undefined
  #phase: FlipState = 'preparing'
  #readyCalled = false
  #abort = new AbortController()
  /** The first one's: an upgrade that is under way ends before the stop begins. */
  #stopReason: string | undefined
  #resolveDone: (end: FlipEnd) => void = () => {}

  /** @internal */
  constructor(parts: FlipParts) {
    this.#parts = parts
    this.state = parts.state as S
    this.coordinator = new ShutdownCoordinator({ deadlineMs: parts.options.drainDeadlineMs })
    this.predecessorExited = parts.predecessor.gone
    this.done = new Promise((resolve) => {
      this.#resolveDone = resolve
    })
    this.#sockets = new HeldSockets(parts.predecessor)
    this.#connections = new OpenConnections((error) => parts.emit({ type: 'connection-lost', error }))
    const { pidFile } = parts.options
    this.#pidFile = pidFile === undefined ? undefined : new PidFile(pidFile)
  }

  /** Is answered by this process from {@link ready} on. @internal */
  attach(restartSocket: RestartSocket): void {
    this.#restartSocket = restartSocket
  }

  /**
   * Lets a server of node:net, http, https or http2 listen: on the predecessor's socket, on one from a service manager, or
   * on a new one, bound now. It accepts from {@link ready} on, and drains in the end. If the address cannot be had, this
   * rejects and `ready()` as well, so that the upgrade fails and not the service.
   *
   * @param options how it drains, and what becomes of its connections in an upgrade
   * @returns where it listens
   * @throws {@link ShellflipError} ERR_CANNOT_LISTEN, ERR_NO_SUCH_SOCKET, ERR_INVALID_ARGUMENT
   */
  listen(server: Server, address: ListenAddress, options: ServeOptions = {}): Promise<SocketAddress> {
    const name = address.name ?? 'server'
    this.coordinator.server(server, this.#connections.drainOptions(server, { name, ...options }))
    return this.#sockets.listen(server, address, (key) => this.#connections.route(key, server, options))
  }

  /** The same for a UDP socket: it receives from {@link ready} on, and is closed when the drain begins. @throws as {@link listen} */
  bind(socket: DatagramSocket, address: BindAddress): Promise<SocketAddress> {
    this.coordinator.drain(address.name ?? 'udp', async () => closeDatagram(socket))
    return this.#sockets.bind(socket, address)
  }

  /**
   * A descriptor of any kind: the predecessor's of this name, or the one that `make` makes. What is returned is the
   * caller's; a copy of it is kept for a successor.
   */
  open(name: string, make: () => OwnedFd | Promise<OwnedFd>): Promise<OwnedFd> {
    return this.#sockets.open(name, make)
  }

  /**
   * The commit point: this process serves. Until then the predecessor does, and whatever fails here changes nothing for
   * its clients. Resolves when everything accepts.
   *
   * @throws {@link ShellflipError} ERR_CALLED_TWICE, ERR_STOPPED, and what a `listen()` has failed with;
   *   `HandoverError` ERR_REFUSED if the predecessor goes on itself: end this process then
   */
  async ready(): Promise<void> {
    if (this.#readyCalled) throw new ShellflipError('ERR_CALLED_TWICE', 'ready() is called once')
    this.#readyCalled = true
    const { predecessor, manager } = this.#parts
    const lock = predecessor.lock()
    try {
      await this.#sockets.opened()
      this.#pidFile?.prepare()
      this.#checkNotStopped()
      const connections = predecessor.connections()
      const state = await predecessor.ready()
      void this.#connections.takeFrom(connections)
      this.#checkNotStopped()
      await Promise.all([this.#restartSocket?.accept(), this.#sockets.accept()])
      this.#pidFile?.commit()
      this.#happen('ready')
      await manager.serving()
      this.#announceReady(state)
    } catch (error) {
      predecessor.refuse((error as Error).message)
      this.#pidFile?.abandon()
      this.#sockets.close()
      throw error
    } finally {
      this.#releaseLock(lock)
    }
  }

  /** Replaces this process by a new one. Never rejects: the outcome tells. */
  upgrade(): Promise<UpgradeOutcome> {
    return this.request('api')
  }

  /** Ends the service: drains, and resolves {@link done}. A second call ends at once what is still under way. */
  stop(reason = 'stop()'): void {
    this.#stopReason ??= reason
    this.#happen('stop')
  }

  /** @internal */
  async request(by: UpgradeTrigger): Promise<UpgradeOutcome> {
    const { emit } = this.#parts
    emit({ type: 'upgrade-requested', by })
    const outcome = await this.#answer()
    emit({ type: 'upgrade-over', by, outcome })
    // Not while it stops already: a second stop would cut what drains.
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
      const message = `${older.count} older generations still drain (pids ${older.pids.join(', ')}): try again later`
      return { type: 'refused', reason: 'too-many-draining', message }
    }
    const lock = this.#lock()
    if (lock instanceof UpgradeLock || lock === undefined) return this.#upgrade(lock)
    return lock
  }

  /** Nothing is awaited before the state has changed, so of two requests at once one is refused. */
  #lock(): UpgradeLock | UpgradeOutcome | undefined {
    const { lockFile: path } = this.#parts.options
    if (path === undefined) return undefined
    try {
      const outcome = UpgradeLock.tryAcquire({ path })
      if (outcome.type === 'acquired') return outcome.lock
      const { holder } = outcome
      const by = holder === undefined ? 'another process' : `pid ${holder.pid} since ${holder.since.toJSON()}`
      return {
        type: 'refused',
        reason: 'in-progress',
        message: `an upgrade is in progress: ${path} is held by ${by}`,
      }
    } catch (error) {
      return { type: 'refused', reason: 'lock-failed', message: (error as Error).message }
    }
  }

  async #upgrade(lock: UpgradeLock | undefined): Promise<UpgradeOutcome> {
    const { options, manager, emit } = this.#parts
    const startedAt = performance.now()
    const elapsedMs = () => Math.round(performance.now() - startedAt)
    this.#abort = new AbortController()
    this.#happen('upgrade')
    const telling = manager.upgrading()
    const result = await this.#attempt(lock).catch(systemFailure)
    await telling
    if (result.type === 'failed') {
      const message = describeUpgradeFailure(result.failure)
      release(lock)
      this.#happen('failed')
      await manager.upgradeFailed(message)
      return { type: 'failed', failure: result.failure, message, elapsedMs: elapsedMs() }
    }
    const { pid } = result
    lock?.leave()
    this.#connections.giveTo(result.channel)
    const told = manager.handedOver(pid)
    this.#happen('committed', { pid, told })
    await told
    void soften('upgraded', emit, () => options.upgraded?.({ pid }))
    return { type: 'upgraded', pid, elapsedMs: elapsedMs() }
  }

  async #attempt(lock: UpgradeLock | undefined): Promise<UpgradeResult> {
    const { options, older, emit, attempt } = this.#parts
    const sockets = [
      ...this.#sockets.offered(),
      ...(this.#restartSocket?.offered() ?? []),
      ...older.offered(),
    ]
    try {
      return await upgrade({
        attempt,
        command: launchCommand(options.launch ?? {}),
        env: this.#environment(),
        offer: {
          version: options.version,
          sockets,
          ...(options.state === undefined ? {} : { state: this.#savedState() }),
          ...(lock === undefined ? {} : { lock: lock.fd }),
        },
        readyTimeoutMs: options.readyTimeoutMs,
        signal: this.#abort.signal,
        hooks: options,
        emit,
      })
    } finally {
      for (const { fd } of sockets) fd.close()
    }
  }

  #environment(): NodeJS.ProcessEnv {
    const { manager, options } = this.#parts
    return { ...process.env, ...manager.environment, ...options.launch?.env }
  }

  #savedState(): OfferedState<unknown> {
    const { state: definition, save } = this.#parts.options
    if (definition?.form === 'items') {
      return {
        definition,
        get items() {
          return save?.() as Iterable<unknown>
        },
      }
    }
    return {
      definition: definition as NonNullable<typeof definition>,
      get value() {
        return save?.()
      },
    }
  }

  #happen(trigger: FlipTrigger, successor?: { pid: number; told: Promise<void> }): void {
    const step = flipTable[this.#phase][trigger]
    if (step === undefined || 'refuse' in step) return
    const from = this.#phase
    this.#phase = step.to
    if (step.action === 'abort') this.#abort.abort()
    if (step.action === 'end') void this.coordinator.shutdownNow()
    if (step.action === 'drain') {
      if (successor !== undefined) void this.#drain(successor)
      else void this.#stop(from)
    }
  }

  async #drain({ pid, told }: { pid: number; told: Promise<void> }): Promise<void> {
    const { older } = this.#parts
    this.#sockets.leave()
    older.leave()
    const answered = this.#restartSocket?.leave()
    const report = await this.#shutdown(`upgraded to pid ${pid}`)
    await Promise.all([told, answered])
    this.#over({ type: 'upgraded', pid, report })
  }

  async #stop(from: FlipState): Promise<void> {
    const reason = this.#stopReason ?? 'stop()'
    const { manager, predecessor } = this.#parts
    if (from === 'preparing') predecessor.refuse(`stopped: ${reason}`)
    const told = manager.stopping()
    this.#sockets.close()
    const report = await this.#shutdown(reason, from === 'preparing' ? 0 : undefined)
    this.#pidFile?.remove()
    await Promise.all([told, this.#restartSocket?.close()])
    this.#over({ type: 'stopped', reason, report })
  }

  #shutdown(reason: string, drainDeadlineMs = this.#parts.options.drainDeadlineMs) {
    this.#parts.emit({ type: 'draining', reason })
    setTimeout(() => process.exit(), Math.min(drainDeadlineMs + farewellMs, longestMs)).unref()
    return this.coordinator.shutdown({ reason })
  }

  #over(end: FlipEnd): void {
    this.#happen('drained')
    this.#parts.manager.close()
    this.#parts.emit({ type: 'drained', report: end.report })
    this.#resolveDone(end)
  }

  #announceReady(state: 'none' | 'draining' | 'gone'): void {
    const { predecessor, emit } = this.#parts
    if (state === 'none') {
      emit({ type: 'ready' })
      return
    }
    emit({ type: 'ready', predecessor: { pid: predecessor.identity?.pid, state } })
    void predecessor.gone.then(() => emit({ type: 'predecessor-exited' }))
  }

  #checkNotStopped(): void {
    if (this.#phase === 'preparing') return
    throw new ShellflipError('ERR_STOPPED', 'this process was stopped before it was ready')
  }

  /** The predecessor's, which we have held since it gave it: this upgrade is over. */
  #releaseLock(fd: OwnedFd | undefined): void {
    const { lockFile: path } = this.#parts.options
    if (fd === undefined) return
    try {
      if (path !== undefined) UpgradeLock.adopt(fd, { path }).release()
    } catch {
      // Of another path: then it goes with the predecessor.
    } finally {
      fd.close()
    }
  }
}

function release(lock: UpgradeLock | undefined): void {
  try {
    lock?.release()
  } catch {
    // Its file cannot be removed; it is free all the same, and who asks next finds it so.
  }
}

function closeDatagram(socket: DatagramSocket): void {
  try {
    socket.close()
  } catch {
    // Not bound yet, or closed by the program: either way it receives nothing.
  }
}
