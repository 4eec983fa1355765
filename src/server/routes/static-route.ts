import { z } from 'zod'
import { createStaticAnswerer } from '../../pipeline/static/static-files.ts'
import { boolean, fieldValue, text } from '../options/kinds.ts'
import { optional } from '../options/option.ts'
import { checkFolder, defineRouteKind } from './route-kind.ts'

/** Which files answer, and how. */
export interface StaticPlan {
  readonly root: string
  readonly cacheControl: string | undefined
  readonly index: string | undefined
  readonly precompressed: boolean | undefined
  readonly fallthrough: boolean
}

const INDEX = 'index.html'

/** `static`: the files of a folder. */
export const STATIC_ROUTE = defineRouteKind({
  options: {
    static: optional(text, { description: 'Answerer: the files of this folder.', anchor: 'path' }),
    cacheControl: optional(fieldValue, { description: 'Cache-Control of the files.' }),
    index: optional(z.union([text, z.literal(false)], { error: 'a file name, or false' }), {
      description: 'File that answers for a folder (index.html); false for none.',
    }),
    precompressed: optional(boolean, {
      description: 'Send `x.br`, `x.zst` or `x.gz` for `x` to clients that take them (true).',
    }),
    fallthrough: optional(boolean, {
      description: 'What is no file goes to the next route that matches, instead of 404 (false).',
    }),
  },
  resolve(route, { where, problems }): StaticPlan {
    const { static: root = '', cacheControl, index = INDEX, precompressed } = route
    checkFolder(root, `${where}.static`, problems)
    return {
      root,
      cacheControl,
      index: index === false ? undefined : index,
      precompressed,
      fallthrough: route.fallthrough === true,
    }
  },
  createAnswerer: (plan: StaticPlan, { logger }) => createStaticAnswerer({ ...plan, logger }),
})

/** Files of the short form: they win over the application, which answers for what is no file. */
export function createFilesPlan(root: string): StaticPlan {
  return {
    root,
    cacheControl: undefined,
    index: INDEX,
    precompressed: undefined,
    fallthrough: true,
  }
}
