import type { Application } from '../../core/application.ts'
import { isServed, type ApplicationFinding } from '../../core/backend.ts'
import { NO_DEMANDS, type Demands } from '../../core/process-group.ts'
import type { Aim } from '../../processes/member.ts'
import type { LoadFailure } from './load-failure.ts'

/** The applications of a group, and what is known of them when a worker is started. */
export interface KnownApplications {
  readonly applications: readonly Application[]
  readonly found: readonly ApplicationFinding[]
  /** The newest code is wanted, whether it works or not. */
  readonly dev: boolean
}

/** What a worker has to load: what works is replaced only by what works, and what is broken by what is less so. A successor may serve as little as the one before. */
export function chooseDemands(aim: Aim, { applications, found, dev }: KnownApplications): Demands {
  if (aim === 'start' || (aim === 'renew' && dev)) return NO_DEMANDS
  if (aim === 'fill') return { ...NO_DEMANDS, leftOut: listLeftOut(found) }
  if (aim === 'renew') return { ...NO_DEMANDS, required: listRenewed(applications, found) }
  if (aim === 'succeed') return { ...NO_DEMANDS, required: listRenewed(applications, found) }
  const oneOf = listNames(found.filter((one) => !isServed(one)))
  const required = listNames(found.filter(isServed))
  return { ...NO_DEMANDS, oneOf, required }
}

/** Those that are not loaded where this was found. */
export function listLeftOut(found: readonly ApplicationFinding[]): ApplicationFinding[] {
  return found.filter(({ leftOut }) => leftOut)
}

/** The demands on another worker after one has ended, or was held, by an application; undefined when it cannot do better. */
export function leaveOut(demands: Demands, failure: LoadFailure): Demands | undefined {
  const { application: name, summary, traceback, ended } = failure
  if (ended !== true || name === undefined || !isWanted(demands, name)) return undefined
  const leftOut = [...demands.leftOut, { name, failure: summary, traceback }]
  return { ...demands, leftOut }
}

/** Whether a process with these groups could serve what is demanded, and anything at all. */
export function isWorthwhile(
  groups: readonly {
    readonly applications: readonly Application[]
    readonly demands: Demands
  }[],
): boolean {
  const required = groups.flatMap(({ demands }) => listWanted(demands, demands.required))
  const oneOf = groups.flatMap(({ demands }) => listWanted(demands, demands.oneOf))
  const all = groups.flatMap(({ demands, applications }) =>
    listWanted(demands, listNames(applications)),
  )
  return (
    !required.includes(false) && (oneOf.length === 0 || oneOf.includes(true)) && all.includes(true)
  )
}

function listWanted(demands: Demands, names: readonly string[]): boolean[] {
  return names.map((name) => isWanted(demands, name))
}

function isWanted({ leftOut }: Demands, application: string): boolean {
  return leftOut.every(({ name }) => name !== application)
}

function listRenewed(
  applications: readonly Application[],
  found: readonly ApplicationFinding[],
): string[] {
  const served = listNames(found.filter(isServed))
  // Files that are found by folder and name may as well be loaded at their next request.
  return listNames(
    applications.filter(({ kind, name }) => kind === 'target' && served.includes(name)),
  )
}

function listNames(things: readonly { readonly name: string }[]): string[] {
  return [...new Set(things.map(({ name }) => name))]
}
