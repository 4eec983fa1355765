import type { Problems } from '../option-types/problems.ts'
import type { FullConfig } from '../options/schema.ts'

/** Adds what contradicts itself in the options of the log to `problems`. */
export function checkLog({ log }: Pick<FullConfig, 'log'>, problems: Problems): void {
  if (typeof log.access !== 'object') return
  const { file = log.accessFile, to, rotate } = log.access
  if (file !== undefined && to !== undefined)
    problems.add(
      ['log', 'access', 'to'],
      'stands beside a file, and records of requests have one place; name one of the two',
    )
  if (file === undefined && rotate !== undefined)
    problems.add(
      ['log', 'access', 'rotate'],
      'is about a file, and none is named; give log.access.file',
    )
}
