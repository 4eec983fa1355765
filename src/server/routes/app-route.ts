import { TaipanError } from '../../core/errors.ts'
import { suggest } from '../../core/suggest.ts'
import type { Answerer } from '../../pipeline/routes.ts'
import { text } from '../option-types/kinds.ts'
import { optional } from '../option-types/option.ts'
import { defineRouteKind, type AnswererContext } from './route-kind.ts'

/** The application of a route. */
export interface AppPlan {
  /** Its name. */
  readonly app: string
  readonly group: string
  /** Undefined: all requests run in its own group. */
  readonly dispatch?: DispatchPlan | undefined
}

/** What chooses for each request of an application. */
export interface DispatchPlan {
  /** Names of the groups that have the application; the first one is its own. */
  readonly groups: readonly string[]
  /** Its sub-interpreter; empty for the main one. */
  readonly interpreter: string
  /** Name of the script in its own group; undefined: a function of the configuration. */
  readonly script: string | undefined
}

/** `app`: a Python application. */
export const APP_ROUTE = defineRouteKind({
  options: {
    app: optional(text, { description: 'Answerer: the application of this name.' }),
  },
  resolve({ app = '' }, { where, applications, problems }): AppPlan | undefined {
    const found = applications.find(({ key }) => key === app)
    if (found !== undefined) return { app: found.name, group: found.group }
    const names = applications.map(({ key }) => key)
    const help = names.length === 0 ? '' : ` Applications: ${names.join(', ')}.`
    problems.add(
      [...where, 'app'],
      `there is no application ${JSON.stringify(app)}.${suggest(app, names) || help}`,
    )
    return undefined
  },
  async createAnswerer({ app, group, dispatch }: AppPlan, context) {
    const { backends, scripts, gatherer, logger } = context
    const { createApplicationAnswerer } = await import('../../pipeline/application.ts')
    const { createCollectedFilesAnswerer } =
      await import('../../pipeline/static/collected-files.ts')
    const backend = backends.get(group)
    if (backend === undefined) throw new Error(`no group ${group}`)
    const answer =
      dispatch === undefined
        ? createApplicationAnswerer({ upstream: backend, application: app, gatherer })
        : await createDispatched({ app, group, dispatch }, context)
    return createCollectedFilesAnswerer({
      application: app,
      backend,
      answer: scripts.wrap(answer, { app, group }),
      logger,
    })
  },
})

/** How long a choice may take, with the queue of its script. */
const CHOICE_MS = 60_000

async function createDispatched(
  { app, group, dispatch }: Required<AppPlan>,
  context: AnswererContext,
): Promise<Answerer> {
  const { createDispatchAnswerer } = await import('../../pipeline/dispatch/dispatch-answerer.ts')
  const { createInvoke } = await import('../../pipeline/application.ts')
  const { backends, gatherer, logger } = context
  const { groups = [], interpreter = '', script } = dispatch ?? {}
  const invokes = groups.flatMap((name) => {
    const upstream = backends.get(name)
    return upstream === undefined ? [] : [[name, createInvoke({ upstream, gatherer })] as const]
  })
  return createDispatchAnswerer({
    application: app,
    group,
    groups: new Map(invokes),
    interpreter,
    choose: await createChooser({ app, group, script }, context),
    timeout: CHOICE_MS,
    logger,
  })
}

async function createChooser(
  { app, group, script }: { app: string; group: string; script: string | undefined },
  { backends, dispatchers }: AnswererContext,
) {
  const { createFunctionChooser, createScriptChooser } =
    await import('../../pipeline/dispatch/choosers.ts')
  const upstream = backends.get(group)
  if (script !== undefined && upstream !== undefined)
    return createScriptChooser({ upstream, application: script })
  const choose = dispatchers.get(app)
  if (choose === undefined)
    throw new TaipanError(
      'CONFIG_INVALID',
      `apps.${app}.dispatch: its function is not in the configuration file any more`,
    )
  return createFunctionChooser(choose)
}
