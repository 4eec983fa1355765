import { isDeepStrictEqual } from 'node:util'
import type { RouteFunctions, ServerPlan } from './config/resolved.ts'

/** What fronts are made of. */
const OF_FRONTS = ['addresses', 'tls', 'http', 'limits', 'timeouts', 'webSocket'] as const

/** Whether two plans serve the same in the same way. */
export function isSamePlan(one: ServerPlan, other: ServerPlan): boolean {
  return (
    isDeepStrictEqual(reduce(one), reduce(other)) &&
    haveSameFunctions(one.routeFunctions, other.routeFunctions)
  )
}

/** Whether the connections of one may go on as those of the other. */
export function haveSameFronts(one: ServerPlan, other: ServerPlan): boolean {
  return OF_FRONTS.every((key) => isDeepStrictEqual(one[key], other[key]))
}

/** Without what differs each time, what a start has added, and what environment files say, which a usual reload reads anew. */
function reduce({
  secret: _secret,
  sessions,
  temporaryFolder,
  routeFunctions: _functions,
  groups,
  hints: _hints,
  warnings: _warnings,
  ...rest
}: ServerPlan): unknown {
  const { directory: _directory, owner: _owner, store, ...others } = sessions
  return {
    ...rest,
    sessions: { ...others, store: temporaryFolder === undefined ? store : 'sqlite' },
    groups: groups.map(({ group: { environment: _environment, ...group }, ...more }) => ({
      ...more,
      group,
    })),
  }
}

/** Functions of a file that was read again are others, but have the same text unless they were changed. */
function haveSameFunctions(
  one: ReadonlyMap<number, RouteFunctions>,
  other: ReadonlyMap<number, RouteFunctions>,
): boolean {
  return describeFunctions(one) === describeFunctions(other)
}

function describeFunctions(functions: ReadonlyMap<number, RouteFunctions>): string {
  return JSON.stringify([...functions], (_key, value: unknown) =>
    typeof value === 'function' ? String(value) : value,
  )
}
