import * as v from 'valibot'
import { text } from '../option-types/kinds.ts'
import { optional } from '../option-types/option.ts'
import { FALLTHROUGH_OPTION } from './fallthrough-option.ts'
import { createLrwpAgent } from './lrwp-agent.ts'
import { defineRouteKind } from './route-kind.ts'

/** What of the registered applications answers a route. */
export interface LrwpRoutePlan {
  /** The name of one; undefined: the path has it. */
  readonly name: string | undefined
  readonly fallthrough: boolean
}

/** `lrwp`: programs that have connected to this server. */
export const LRWP_ROUTE = defineRouteKind({
  options: {
    lrwp: optional(v.union([v.literal(true), text], 'true, or the name of an application'), {
      description:
        'Answerer: LRWP peers; `true`, those that registered by what follows the path, or a name, those of one application.',
    }),
    fallthrough: FALLTHROUGH_OPTION,
  },
  resolve({ lrwp, fallthrough }): LrwpRoutePlan {
    return { name: lrwp === true ? undefined : lrwp, fallthrough: fallthrough === true }
  },
  async createAnswerer(plan: LrwpRoutePlan, context) {
    const { createPeersAnswerer } = await import('../../pipeline/peers.ts')
    const { createInvoke } = await import('../../pipeline/application.ts')
    const agent = await createLrwpAgent(context)
    const invoke = createInvoke({ upstream: agent, gatherer: context.gatherer })
    return createPeersAnswerer({ ...plan, directory: agent, invoke })
  },
})
