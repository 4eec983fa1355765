import { TaipanError } from '../../core/errors.ts'
import { suggest } from '../../core/suggest.ts'
import type { Invoke } from '../../pipeline/application.ts'
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

/** Where requests of an application may run. */
export interface DispatchPlace {
  /** Name of the group. */
  readonly group: string
  /** The sub-interpreter; empty for the main one. */
  readonly interpreter: string
  /** Name of the application there. */
  readonly application: string
}

/** What chooses for each request of an application. */
export interface DispatchPlan {
  /** The first one is its own. */
  readonly places: readonly DispatchPlace[]
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
  const { places = [], script } = dispatch ?? {}
  const invokes = new Map<string, Invoke>()
  for (const [name, upstream] of backends) invokes.set(name, createInvoke({ upstream, gatherer }))
  return createDispatchAnswerer({
    application: app,
    places: places.flatMap((place) => {
      const invoke = invokes.get(place.group)
      return invoke === undefined ? [] : [{ ...place, invoke }]
    }),
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
