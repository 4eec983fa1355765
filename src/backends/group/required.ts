import type { Application } from '../../core/application.ts'
import type { ApplicationFinding } from '../../core/backend.ts'

/** Applications that new workers must serve to replace those with these findings at a reload, by name. */
export function listRenewed(
  applications: readonly Application[],
  found: readonly ApplicationFinding[],
): string[] {
  const served = found.filter(({ failure }) => failure === '').map(({ name }) => name)
  // Applications named by folder and file can also be loaded at their next request.
  return applications
    .filter(({ kind, name }) => kind === 'target' && served.includes(name))
    .map(({ name }) => name)
}

/** Applications that a better worker must serve than those with these findings, by name: the failed ones first. */
export function listRepaired(found: readonly ApplicationFinding[]): string[] {
  const broken = found.filter(({ failure }) => failure !== '')
  return [...new Set([...broken, ...found].map(({ name }) => name))]
}
