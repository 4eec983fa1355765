import type { TaipanError } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import { toLimit } from '../../core/time-limit.ts'
import { endsWithin } from '../../core/ends-within.ts'
import { Lifetime } from '../../processes/lifetime.ts'
import { HealthCheck } from '../../processes/health-check.ts'
import type { Aim, Launch } from '../../processes/member.ts'
import { OrphanGuard } from '../../processes/orphan-guard.ts'
import { ProcessSupervisor } from '../../processes/process-supervisor.ts'
import type { ReportedExit } from '../../processes/supervised-process.ts'
import type { FailureReport, Loss, Subject } from '../../processes/supervisor-log.ts'
import { PlaceMaker, type Duplicate } from './place-maker.ts'
import { OwnPlaces, type Places } from './places.ts'
import type { ProgramAddresses } from './program-addresses.ts'
import { toProgramFailure, type ProgramFailure } from './program-failure.ts'
import type { ProgramSettings } from './program-settings.ts'
import { ENDING_MS, Program } from './program.ts'
import { SharedPlaces } from './shared-places.ts'
import { spawnProgram } from './spawn-program.ts'

/** One of several processes that lives for so long has probably answered some of the requests at their place. */
const SHORT_LIFE_MS = 250

/** Parts of a supervisor. */
export interface ProgramSupervisorOptions {
  readonly settings: ProgramSettings
  readonly addresses: ProgramAddresses
  readonly logger: Logger
  /** Loads what duplicates descriptors, where a listening socket is to be kept for programs. */
  readonly loadDuplicate: () => Promise<Duplicate>
}

/** Keeps the processes of a program, and says where they can be reached. */
export class ProgramSupervisor extends ProcessSupervisor<Program, ProgramFailure, ReportedExit> {
  readonly #options: ProgramSupervisorOptions
  readonly #maker: PlaceMaker
  readonly #places: Places
  readonly #guard = new OrphanGuard()
  readonly #healthCheck: HealthCheck<Program>

  constructor(options: ProgramSupervisorOptions) {
    const { settings, addresses, logger, loadDuplicate } = options
    const { name, processes: size, listening, startup, limits } = settings
    super({
      noun: 'program',
      size,
      startAnyway: true,
      retries: true,
      keepsOld: true,
      logger,
      facts: { program: name },
      ending: ENDING_MS,
    })
    this.#options = options
    this.#maker = new PlaceMaker(loadDuplicate)
    this.#places =
      listening === 'inherited'
        ? new SharedPlaces(this.#maker, addresses)
        : new OwnPlaces(this.#maker, listening, addresses)
    this.#healthCheck = new HealthCheck({
      startup,
      limits: limits === undefined ? [] : [limits.restartInterval],
      members: () => this.members,
      onHealthy: (program, now) => program.lookAtLimits(now),
    })
  }

  override async start(): Promise<void> {
    this.#guard.clear(this.#maker.folder)
    this.#healthCheck.start()
    await super.start()
  }

  override reload(): Promise<void> {
    this.#places.renew()
    return super.reload()
  }

  override async stop(waited = 0): Promise<void> {
    await super.stop(waited)
    this.#healthCheck.stop()
    this.#guard.stop()
    this.#maker.close()
  }

  override kill(): void {
    super.kill()
    this.#maker.close()
  }

  override onExit(program: Program, exit: ReportedExit): void {
    this.#guard.forget(program.pid)
    super.onExit(program, exit)
    this.#places.release(program.place)
  }

  protected get patience(): number {
    return toLimit(this.#options.settings.shutdown)
  }

  protected async launch(
    aim: Aim,
    failed: readonly ProgramFailure[],
  ): Promise<Launch<Program, ProgramFailure> | undefined> {
    // Another one would fail as well.
    if (failed.length > 0) return undefined
    const { settings, addresses, logger } = this.#options
    // What another process listens at as well would not show that this one works.
    if (aim === 'succeed') this.#places.renew()
    const place = await this.#places.claim(aim === 'renew' || aim === 'succeed')
    try {
      const handle = await spawnProgram(settings, place)
      this.#guard.watch(handle.pid)
      const member = new Program(handle, {
        name: settings.name,
        place,
        logger,
        // Others may have answered.
        provesAfter: place.descriptor !== undefined && settings.processes > 1 ? SHORT_LIFE_MS : 0,
        countAnswered: () => addresses.countAnswered(place.address),
        listener: this,
        drained: () => this.#places.drained(place),
        lifetime: settings.limits && new Lifetime(settings.limits),
      })
      return { member }
    } catch (error) {
      this.#places.release(place)
      throw error
    }
  }

  protected toFailure(error: unknown): ProgramFailure {
    return toProgramFailure(error)
  }

  protected toError({ error }: ProgramFailure): TaipanError {
    return error
  }

  protected describeFailure({ error, output }: ProgramFailure): FailureReport {
    const { message, code } = error
    return { message, traceback: output, ended: true, subject: this.#subject, facts: { code } }
  }

  protected describeLoss(): Loss {
    return { text: 'it is started again', facts: {} }
  }

  protected keepFindings(): void {}

  protected listSubjects(): Subject[] {
    return [{ name: this.#subject, facts: {}, failure: undefined }]
  }

  protected admit({ place }: Program): void {
    this.#places.admit(place)
  }

  protected dismiss({ place }: Program): void {
    this.#places.dismiss(place)
  }

  protected onNoneLeft({ error }: ProgramFailure): void {
    this.#places.giveUp()
    this.#options.addresses.fail(error)
  }

  protected async finishWork(patience: number): Promise<void> {
    await endsWithin(this.#places.dismissAll(), patience)
  }

  get #subject(): string {
    return `program ${this.#options.settings.name}`
  }
}
