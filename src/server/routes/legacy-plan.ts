import type { LegacyServer } from '../../core/legacy-server.ts'
import type { Answerer } from '../../pipeline/routes.ts'
import { formatPath } from '../option-types/problems.ts'
import type { AnswererContext, RouteContext } from './route-kind.ts'
import { createFilesPlan } from './static-route.ts'

/** The folder of a server of old. */
export interface LegacyPlan {
  readonly kind: LegacyServer['kind']
  /** Absolute. */
  readonly root: string
  /** Name of the application that runs its handlers. */
  readonly application: string
  readonly group: string
  /** What no handler answers, and no file, goes to the next route. */
  readonly fallthrough: boolean
  /** Index of the route in the configuration whose function chooses interpreters; absent: none does. */
  readonly chooser?: number | undefined
}

/** The plan of a route with such a folder; undefined if errors were added. */
export function resolveLegacyPlan(
  {
    kind,
    key,
    directory,
    fallthrough,
    chooser,
  }: {
    readonly kind: LegacyServer['kind']
    /** That of the route. */
    readonly key: string
    readonly directory: string | undefined
    readonly fallthrough: boolean
    readonly chooser?: number | undefined
  },
  { where, applications, problems }: RouteContext,
): LegacyPlan | undefined {
  const place = [...where, key, 'directory']
  if (directory === undefined) {
    problems.add(place, 'is missing; name the folder with the handlers, as in directory: "site"')
    return undefined
  }
  problems.checkFolder(place, directory)
  const found = applications.find((one) => one.key === formatPath(where))
  return (
    found && {
      kind,
      root: directory,
      application: found.name,
      group: found.group,
      fallthrough,
      chooser,
    }
  )
}

/** Makes the answerer of such a folder. */
export async function createLegacyAnswerer(
  { kind, root, application, group, fallthrough, chooser }: LegacyPlan,
  { backends, gatherer, logger, redirects, functions }: AnswererContext,
): Promise<Answerer> {
  const { createInvoke } = await import('../../pipeline/application.ts')
  const { createLegacyFolderAnswerer } = await import('../../pipeline/scripts/legacy-folder.ts')
  const { createStaticAnswerer } = await import('../../pipeline/static/static-files.ts')
  const upstream = backends.get(group)
  if (upstream === undefined) throw new Error(`no group ${group}`)
  return createLegacyFolderAnswerer({
    root,
    kind,
    application,
    invoke: createInvoke({ upstream, gatherer }),
    redirects,
    files: createStaticAnswerer({ ...createFilesPlan(root), fallthrough, logger }),
    fallthrough,
    choose: chooser === undefined ? undefined : functions.get(chooser)?.interpreterMap,
    logger,
  })
}
