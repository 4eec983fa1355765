import * as v from 'valibot'
import {
  createRedirectAnswerer,
  parseRedirectTarget,
  type RedirectStatus,
} from '../../pipeline/redirect.ts'
import { text } from '../option-types/kinds.ts'
import { optional } from '../option-types/option.ts'
import { defineRouteKind } from './route-kind.ts'

/** The target of a redirect. */
export interface RedirectPlan {
  readonly to: string
  readonly status: RedirectStatus | undefined
}

/** `redirect`: another path or URL. */
export const REDIRECT_ROUTE = defineRouteKind({
  options: {
    redirect: optional(text, {
      description: 'Answerer: a redirect to this path or URL; the rest of the path is appended.',
    }),
    status: optional(v.picklist([301, 302, 303, 307, 308], '301, 302, 303, 307 or 308'), {
      description: 'Status of the redirect (308).',
    }),
  },
  resolve({ redirect: to = '', status }, { where, problems }): RedirectPlan {
    problems.check([...where, 'redirect'], () => parseRedirectTarget(to))
    return { to, status }
  },
  createAnswerer: (plan: RedirectPlan) => createRedirectAnswerer(plan),
})
