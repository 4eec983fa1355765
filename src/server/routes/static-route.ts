import { boolean, fieldValue, text } from '../option-types/kinds.ts'
import { optional } from '../option-types/option.ts'
import { FALLTHROUGH_OPTION } from './fallthrough-option.ts'
import { INDEX_OPTION, resolveIndex } from './index-option.ts'
import { defineRouteKind } from './route-kind.ts'

/** The files of a route. */
export interface StaticPlan {
  readonly root: string
  readonly cacheControl: string | undefined
  readonly index: readonly string[]
  readonly precompressed: boolean | undefined
  readonly fallthrough: boolean
}

const INDEX = ['index.html']

/** `static`: the files of a folder. */
export const STATIC_ROUTE = defineRouteKind({
  options: {
    static: optional(text, { description: 'Answerer: the files of this folder.', anchor: 'path' }),
    cacheControl: optional(fieldValue, { description: 'Cache-Control of the files.' }),
    index: INDEX_OPTION,
    precompressed: optional(boolean, {
      description: 'Send `x.br`, `x.zst` or `x.gz` for `x` to clients that accept them (true).',
    }),
    fallthrough: FALLTHROUGH_OPTION,
  },
  resolve(route, { where, problems }): StaticPlan {
    const { static: root = '', cacheControl, index, precompressed } = route
    problems.checkFolder([...where, 'static'], root)
    return {
      root,
      cacheControl,
      index: resolveIndex(index, INDEX),
      precompressed,
      fallthrough: route.fallthrough === true,
    }
  },
  async createAnswerer(plan: StaticPlan, { logger }) {
    const { createStaticAnswerer } = await import('../../pipeline/static/static-files.ts')
    return createStaticAnswerer({ ...plan, logger })
  },
})

/** Files of the short form: they win over the application, which answers all other paths. */
export function createFilesPlan(root: string): StaticPlan {
  return {
    root,
    cacheControl: undefined,
    index: INDEX,
    precompressed: undefined,
    fallthrough: true,
  }
}
