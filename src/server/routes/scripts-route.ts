import { text } from '../option-types/kinds.ts'
import { optional } from '../option-types/option.ts'
import { checkFolder, defineRouteKind } from './route-kind.ts'
import { createFilesPlan } from './static-route.ts'

/** The scripts of a route. */
export interface ScriptsPlan {
  readonly root: string
  /** Name of the application that runs them. */
  readonly application: string
  readonly group: string
  readonly index: readonly string[]
}

const INDEX = ['index.py', 'index.html']

/** `scripts`: the scripts and files of a folder. */
export const SCRIPTS_ROUTE = defineRouteKind({
  options: {
    scripts: optional(text, {
      description: 'Answerer: the scripts and files of this folder.',
      anchor: 'path',
    }),
    group: optional(text, {
      description: 'Process group of the scripts (needed if there are several).',
    }),
  },
  resolve({ scripts: root = '' }, { where, applications, problems }): ScriptsPlan | undefined {
    checkFolder(root, `${where}.scripts`, problems)
    const found = applications.find(({ key }) => key === where)
    if (found === undefined) return undefined
    return createScriptsPlan(root, found)
  },
  async createAnswerer(
    { root, application, group, index }: ScriptsPlan,
    { backends, gatherer, logger },
  ) {
    const { createInvoke } = await import('../../pipeline/application.ts')
    const { createScriptsAnswerer } = await import('../../pipeline/scripts/scripts.ts')
    const { USUAL_KINDS } = await import('../../pipeline/scripts/script-kinds.ts')
    const { createStaticAnswerer } = await import('../../pipeline/static/static-files.ts')
    const upstream = backends.get(group)
    if (upstream === undefined) throw new Error(`no group ${group}`)
    return createScriptsAnswerer({
      root,
      application,
      index,
      kinds: new Map(Object.entries(USUAL_KINDS)),
      invoke: createInvoke({ upstream, gatherer }),
      files: createStaticAnswerer({ ...createFilesPlan(root), fallthrough: false, logger }),
      fallthrough: false,
    })
  },
})

/** Scripts of the short form, and of routes. */
export function createScriptsPlan(
  root: string,
  { name: application, group }: { readonly name: string; readonly group: string },
): ScriptsPlan {
  return { root, application, group, index: INDEX }
}
