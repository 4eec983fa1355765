import type { ReplicaGroup } from './replica-plan.ts'
import type { Report } from './reports.ts'

/** An application that a replica loads itself. */
export interface Loading {
  readonly group: string
  readonly application: string
}

/** What a replica reports of its embedded groups while it loads them. */
export class LoadingNews {
  readonly #groups: ReadonlyMap<string, ReadonlySet<unknown>>
  /** By group, the one reported last at the end; undefined for a group that is loaded. */
  readonly #reported = new Map<string, string | undefined>()

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
    return current
  }

  /** Every group is loaded. */
  get over(): boolean {
    return this.#reported.size === this.#groups.size && this.current === undefined
  }

  /** False for a report of something else. */
  take({ type, group, application }: Report): boolean {
    const names = typeof group === 'string' ? this.#groups.get(group) : undefined
    if (type !== 'loading' || typeof group !== 'string' || names === undefined) return false
    const isKnown = typeof application === 'string' && names.has(application)
    this.#reported.delete(group)
    this.#reported.set(group, isKnown ? application : undefined)
    return true
  }
}
