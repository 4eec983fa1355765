import { ISOLATIONS } from '../../core/isolation.ts'
import { choice } from '../option-types/kinds.ts'
import { optional } from '../option-types/option.ts'

/** `isolation` of the kinds of routes whose Python may run apart. */
export const ISOLATION_OPTION = optional(choice(ISOLATIONS), {
  description:
    'shared, the default: scripts run in the threads of a warm interpreter; process: one request at a time in a warm process.',
})
