import type { LimitNames } from '../../core/process-group.ts'
import { isRecord } from '../option-types/plain-object.ts'
import type { OptionPath, Problems } from '../option-types/problems.ts'

/** Where a group has options of its own in the configuration. */
interface OwnOptions {
  readonly where: OptionPath
  readonly own: Readonly<Record<string, unknown>>
}

/** What the time limits of a group were given by; those of nobody are named as they are given for all groups. */
export function resolveLimitNames({ where, own }: OwnOptions, problems: Problems): LimitNames {
  const nameLimit = (...path: string[]): string =>
    problems.nameOf(isGiven(own, path) ? [...where, ...path] : path)
  return {
    startup: nameLimit('timeouts', 'startup'),
    request: nameLimit('timeouts', 'request'),
    ping: nameLimit('timeouts', 'ping'),
    interrupt: nameLimit('interruptTimeout'),
  }
}

function isGiven(values: unknown, path: readonly string[]): boolean {
  const found = path.reduce<unknown>(
    (value, key) => (isRecord(value) ? value[key] : undefined),
    values,
  )
  return found !== undefined
}
