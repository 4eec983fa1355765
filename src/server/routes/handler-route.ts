import { isHandlerTarget } from '../../pipeline/scripts/script-kinds.ts'
import { text } from '../option-types/kinds.ts'
import { optional } from '../option-types/option.ts'
import { formatPath } from '../option-types/problems.ts'
import { defineRouteKind } from './route-kind.ts'
import { SCRIPT_OPTIONS } from './script-options.ts'

/** The handler of a route. */
export interface HandlerPlan {
  readonly target: string
  /** Name of the application that calls it. */
  readonly application: string
  readonly group: string
  /** Absolute; where its file or module is looked for. */
  readonly folder: string
}

/** `handler`: a function that answers. */
export const HANDLER_ROUTE = defineRouteKind({
  options: {
    handler: optional(text, {
      description:
        'Answerer: a function of a file or module, such as "tools/act.py:main" or "pkg.mod:handle".',
    }),
    ...SCRIPT_OPTIONS,
  },
  resolve(route, { where, applications, problems }): HandlerPlan | undefined {
    const { handler: target = '' } = route
    if (!isHandlerTarget(target))
      problems.add(
        [...where, 'handler'],
        `${JSON.stringify(target)} names no function; write it like "tools/act.py:main"`,
      )
    const found = applications.find(({ key }) => key === formatPath(where))
    return found && { target, application: found.name, group: found.group, folder: found.folder }
  },
  async createAnswerer(
    { target, application, group, folder }: HandlerPlan,
    { backends, gatherer, redirects },
  ) {
    const { createInvoke } = await import('../../pipeline/application.ts')
    const { createFunctionAnswerer } = await import('../../pipeline/scripts/function.ts')
    const upstream = backends.get(group)
    if (upstream === undefined) throw new Error(`no group ${group}`)
    const invoke = createInvoke({ upstream, gatherer })
    return createFunctionAnswerer({ target, application, root: folder, invoke, redirects })
  },
})
