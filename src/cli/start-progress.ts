import type { Logger } from '../core/logger.ts'
import type { ServerPlan } from '../server/config/resolved.ts'
import { nameTargets } from '../server/report-plan.ts'
import type { RunnableServer } from '../server/server.ts'

const INTERVAL_MS = 5000

/** Says every five seconds what a start still loads, until it is disposed. */
export class StartProgress implements Disposable {
  readonly #plan: ServerPlan
  readonly #server: Pick<RunnableServer, 'loading' | 'findings'>
  readonly #logger: Logger
  readonly #timer: NodeJS.Timeout
  #seconds = 0

  constructor(
    plan: ServerPlan,
    server: Pick<RunnableServer, 'loading' | 'findings'>,
    logger: Logger,
  ) {
    this.#plan = plan
    this.#server = server
    this.#logger = logger
    this.#timer = setInterval(() => this.#tell(), INTERVAL_MS)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  #tell(): void {
    this.#seconds += INTERVAL_MS / 1000
    const waited = `${this.#seconds} s`
    const what = nameTargets(this.#findLoading())
    if (what !== '') this.#logger.info({ waited }, `still loading ${what}: ${waited}`)
  }

  /** The applications that processes say they are loading, or all of the groups that are not ready. */
  #findLoading(): ServerPlan['groups'][number]['group']['applications'] {
    const { loading, findings } = this.#server
    const waiting = this.#plan.groups.filter(({ group }) => findings[group.name] === undefined)
    const applications = waiting.flatMap(({ group }) => group.applications)
    const known = applications.filter(({ name }) => loading.includes(name))
    return known.length > 0 ? known : applications
  }
}
