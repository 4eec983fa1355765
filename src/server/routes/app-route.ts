import { suggest } from '../../core/suggest.ts'
import { text } from '../option-types/kinds.ts'
import { optional } from '../option-types/option.ts'
import { defineRouteKind } from './route-kind.ts'

/** The application of a route. */
export interface AppPlan {
  /** Its name. */
  readonly app: string
  readonly group: string
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
  async createAnswerer({ app, group }: AppPlan, { backends, gatherer, logger }) {
    const { createApplicationAnswerer } = await import('../../pipeline/application.ts')
    const { createCollectedFilesAnswerer } =
      await import('../../pipeline/static/collected-files.ts')
    const backend = backends.get(group)
    if (backend === undefined) throw new Error(`no group ${group}`)
    return createCollectedFilesAnswerer({
      application: app,
      backend,
      answer: createApplicationAnswerer({ upstream: backend, application: app, gatherer }),
      logger,
    })
  },
})
