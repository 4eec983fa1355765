import * as v from 'valibot'
import { text } from '../option-types/kinds.ts'
import { flag, optional } from '../option-types/option.ts'

/** A path, or an address with a path. */
const place = v.pipe(
  text,
  v.regex(
    /^(?:http:\/\/[^/?#\s]+)?\/[\w./~-]*$/,
    'a path like "/metrics", or an address and a path like "http://127.0.0.1:9100/metrics"',
  ),
)

/** What can be read of a running server. */
export const OBSERVATION = {
  metrics: optional(place, {
    description:
      'Where Prometheus reads what is measured: a path at the control address, such as /metrics, or an address of its own, http://127.0.0.1:PORT/metrics (nothing is measured).',
    environment: 'TAIPAN_METRICS',
    flag: flag('Listening', 'metrics', { value: 'PLACE' }),
  }),
}
