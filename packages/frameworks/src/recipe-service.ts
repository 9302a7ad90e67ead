import { rmSync } from 'node:fs'
import { ServicePlace, type TestProcess } from '@shellflip/testing'
import { askForRestart } from 'shellflip'

/** A recipe that runs as a service in a folder of its own. Its scope ends it, and removes the program. */
export class RecipeService implements AsyncDisposable {
  readonly #place: ServicePlace
  readonly #program: string
  readonly #controlSocket: string

  private constructor(
    place: ServicePlace,
    program: string,
    controlSocket: string,
    /** The first process, whose `exit` comes when the last successor has ended. */
    readonly process: TestProcess,
    readonly port: number,
    /** The pid of the process that serves. */
    public pid: number,
  ) {
    this.#place = place
    this.#program = program
    this.#controlSocket = controlSocket
  }

  static async start(program: string): Promise<RecipeService> {
    const place = new ServicePlace()
    const controlSocket = place.join('run', 'restart.sock')
    const service = place.start([program], { env: { CONTROL_SOCKET: controlSocket } })
    const [, pid, port] = await service.printed(/(\d+) serves at (\d+)/).catch(async (error) => {
      await place[Symbol.asyncDispose]()
      rmSync(program)
      throw error
    })
    return new RecipeService(place, program, controlSocket, service, Number(port), Number(pid))
  }

  /** Upgrades it. Throws the reason if the upgrade fails. */
  async upgrade(): Promise<void> {
    const outcome = await askForRestart(this.#controlSocket)
    if (outcome.type !== 'restarted') throw new Error(`${outcome.type}: ${outcome.message}`)
    if (outcome.pid !== undefined) this.pid = outcome.pid
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#place[Symbol.asyncDispose]()
    rmSync(this.#program)
  }
}
