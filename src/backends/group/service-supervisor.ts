import type { Logger } from '../../core/logger.ts'
import type { ServiceTask } from '../../core/process-group.ts'
import type { Cause } from '../../processes/cause.ts'
import type { Loss } from '../../processes/supervisor-log.ts'
import { Supervisor, type SupervisorOptions } from './supervisor.ts'
import type { Worker, WorkerExit } from './worker.ts'

/** Keeps the processes of a service. Two of them might do the same thing twice, so one ends before another begins. */
export class ServiceSupervisor extends Supervisor {
  readonly #service: ServiceTask
  readonly #logger: Logger

  constructor(service: ServiceTask, options: SupervisorOptions) {
    super(options)
    this.#service = service
    this.#logger = options.logger
  }

  override onFinished({ label: worker }: Worker): void {
    const { name, once } = this.#service
    const text = once ? 'is done' : 'has come to its end; it is started again'
    this.#logger.info({ worker }, `${name} ${text}`)
    if (once) this.resize(0, 'finished')
  }

  override onDue(worker: Worker, cause: Cause): void {
    this.onUnhealthy(worker, cause)
  }

  override onUnhealthy(worker: Worker, cause: Cause): void {
    this.tellUnhealthy(worker, cause)
    void worker.stop(this.patience)
  }

  override onExit(worker: Worker, exit: WorkerExit): void {
    if (this.#service.once) this.resize(0, 'finished')
    super.onExit(worker, exit)
  }

  override async reload(): Promise<void> {
    if (this.#service.once) return
    const { size } = this.pool
    const before = [...this.members]
    this.resize(0, 'reload')
    await Promise.all(before.map(({ exited }) => exited))
    if (!this.stopping) this.resize(size)
  }

  protected override describeLoss(): Loss {
    const { name, once } = this.#service
    return { text: once ? `${name} was not done` : `${name} is started again`, facts: {} }
  }
}
