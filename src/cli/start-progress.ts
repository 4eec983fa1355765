import type { Application } from '../core/application.ts'
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
    for (const [place, applications] of this.#findLoading()) {
      const text = `still loading ${nameTargets(applications)} after ${this.#seconds} s`
      const waited = `${this.#seconds} s`
      if (place === '') this.#logger.info({ waited }, text)
      else this.#logger.info({ waited, place }, `${text}: ${place}`)
    }
  }

  /** The applications that processes say they are loading, or all of the groups that are not ready, by their places. */
  #findLoading(): ReadonlyMap<string, readonly Application[]> {
    const { loading, findings } = this.#server
    const waiting = this.#plan.groups.filter(({ group }) => findings[group.name] === undefined)
    const applications = waiting.flatMap(({ group }) => group.applications)
    const places = new Map<string, string>()
    for (const { application, place } of loading)
      places.set(application, places.get(application) || place)
    const known = applications.filter(({ name }) => places.has(name))
    const found = new Map<string, Application[]>()
    for (const application of known.length > 0 ? known : applications) {
      const place = places.get(application.name) ?? ''
      found.set(place, [...(found.get(place) ?? []), application])
    }
    return found
  }
}
