import { parseLoadPlace, type LoadPlace } from '../processes/load-place.ts'
import type { ReplicaGroup } from './replica-plan.ts'
import type { Report } from './reports.ts'

/** An application that a replica loads itself. */
export interface Loading {
  readonly group: string
  readonly application: string
  /** Where that stands, once it takes long. */
  readonly place?: LoadPlace
}

/** What a replica reports of its embedded groups while it loads them. */
export class LoadingNews {
  readonly #groups: ReadonlyMap<string, ReadonlySet<unknown>>
  /** By group, the one reported last at the end; undefined for a group that is loaded. */
  readonly #reported = new Map<string, string | undefined>()
  /** Of the one reported last. */
  #place: LoadPlace | undefined

  constructor(groups: readonly ReplicaGroup[]) {
    this.#groups = new Map(
      groups.map(({ name, applications }) => [name, new Set(applications.map((one) => one.name))]),
    )
  }

  /** The application that is being loaded, as far as it is known. */
  get current(): Loading | undefined {
    let current: Loading | undefined
    for (const [group, application] of this.#reported)
      if (application !== undefined) current = { group, application }
    return current && this.#place ? { ...current, place: this.#place } : current
  }

  /** Every group is loaded. */
  get over(): boolean {
    return this.#reported.size === this.#groups.size && this.current === undefined
  }

  /** Takes where the load stands. False for a report of something else. */
  locate(report: Report): boolean {
    if (report['type'] !== 'place') return false
    this.#place = parseLoadPlace(report)
    return true
  }

  /** Takes what is loaded next. False for a report of something else. */
  take({ type, group, application }: Report): boolean {
    const names = typeof group === 'string' ? this.#groups.get(group) : undefined
    if (type !== 'loading' || typeof group !== 'string' || names === undefined) return false
    const isKnown = typeof application === 'string' && names.has(application)
    this.#place = undefined
    this.#reported.delete(group)
    this.#reported.set(group, isKnown ? application : undefined)
    return true
  }
}
