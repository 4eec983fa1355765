import { availableParallelism } from 'node:os'
import { boolean, duration, integer, pairs, text } from '../option-types/kinds.ts'
import { optional } from '../option-types/option.ts'
import type { AnswererContext } from './route-kind.ts'
import { defineRouteKind } from './route-kind.ts'

/** The programs of a route. */
export interface CgiPlan {
  readonly root: string
  readonly processes: number
  readonly timeout: number
  readonly environment: Readonly<Record<string, string>>
  readonly queryArguments: boolean
}

const TIMEOUT_MS = 30_000
const QUEUE_PER_PROCESS = 16
/** How much of a body without a length is taken into memory. */
const GATHERED_BYTES = 1024 * 1024

/** `cgi`: the CGI programs of a folder. */
export const CGI_ROUTE = defineRouteKind({
  options: {
    cgi: optional(text, {
      description: 'Answerer: the CGI programs of this folder, any executable file.',
      anchor: 'path',
    }),
    processes: optional(integer(1, 4096), {
      description: 'CGI programs at the same time (two per processor); more requests wait.',
    }),
    timeout: optional(duration, {
      description: 'CGI programs are ended after this time without output (30s); 0 for no limit.',
    }),
    env: optional(pairs, {
      description: 'Environment variables of CGI programs besides those of CGI, PATH and LANG.',
    }),
    queryArguments: optional(boolean, {
      description:
        'CGI programs get the words of a query without "=" as arguments (false); options among them, too.',
    }),
  },
  resolve(route, { where, problems }): CgiPlan {
    const usual = createCgiPlan(route.cgi ?? '')
    const { processes = usual.processes, timeout = usual.timeout, env = {} } = route
    problems.checkFolder([...where, 'cgi'], usual.root)
    const { queryArguments = usual.queryArguments } = route
    return { ...usual, processes, timeout, environment: env, queryArguments }
  },
  async createAnswerer(plan: CgiPlan, context) {
    const { createProgramsAnswerer } = await import('../../pipeline/scripts/programs.ts')
    const invoke = await createProgramInvoke(plan, context)
    return createProgramsAnswerer({ root: plan.root, invoke })
  },
})

/** CGI programs for which nothing is configured. */
export function createCgiPlan(root: string): CgiPlan {
  const processes = 2 * availableParallelism()
  return { root, processes, timeout: TIMEOUT_MS, environment: {}, queryArguments: false }
}

/** Makes the way to the CGI programs of a folder. */
export async function createProgramInvoke(
  { root, processes, timeout, environment, queryArguments }: CgiPlan,
  {
    upstreams,
    gatherer,
    logger,
    serverSoftware,
    shutdownTimeout,
    programEnvironment,
    redirects,
  }: AnswererContext,
) {
  const { CgiUpstream } = await import('../../upstreams/cgi/cgi-upstream.ts')
  const { createInvoke } = await import('../../pipeline/application.ts')
  const upstream = new CgiUpstream({
    processes,
    queueLimit: processes * QUEUE_PER_PROCESS,
    timeout,
    shutdownTimeout,
    gathered: GATHERED_BYTES,
    serverSoftware,
    environment: { ...programEnvironment, ...environment },
    queryArguments,
    logger,
    onLocalRedirect: (exchange, target) => redirects.follow(exchange, target),
  })
  upstreams.set(`cgi:${root}:${upstreams.size}`, upstream)
  return createInvoke({ upstream, gatherer })
}
