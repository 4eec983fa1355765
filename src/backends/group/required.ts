import type { Application } from '../../core/application.ts'
import type { ApplicationFinding } from '../../core/backend.ts'

/** Names of applications that new workers have to serve so that they may replace those with these findings at a reload. */
export function listRenewed(
  applications: readonly Application[],
  found: readonly ApplicationFinding[],
): string[] {
  const served = found.filter(({ failure }) => failure === '').map(({ name }) => name)
  // Files that are found by folder and name may as well be loaded at their next request.
  return applications
    .filter(({ kind, name }) => kind === 'target' && served.includes(name))
    .map(({ name }) => name)
}

/** Names of applications that a worker has to serve to be better than those with these findings: the broken ones first. */
export function listRepaired(found: readonly ApplicationFinding[]): string[] {
  const broken = found.filter(({ failure }) => failure !== '')
  return [...new Set([...broken, ...found].map(({ name }) => name))]
}
