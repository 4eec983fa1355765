import type { AccessLog } from '../pipeline/access-log.ts'
import type { ProcessMetrics } from '../telemetry/metrics/process-metrics.ts'
import type { ServerPlan } from './config/resolved.ts'

/** What gets each exchange when it is over. */
export interface Observers {
  /** Undefined: requests are not logged. */
  readonly accessLog: AccessLog | undefined
  /** Absent: nothing is measured. */
  readonly metrics?: ProcessMetrics | undefined
}

/** What measures the server of a plan: `known`, so that its numbers go on, or a new one; undefined: nothing does. */
export async function findMetrics(
  plan: Pick<ServerPlan, 'metrics'>,
  known?: ProcessMetrics,
): Promise<ProcessMetrics | undefined> {
  if (plan.metrics === undefined || known !== undefined) return plan.metrics && known
  const { ProcessMetrics: Metrics } = await import('../telemetry/metrics/process-metrics.ts')
  return new Metrics()
}

/** One function for all of them; undefined: nobody wants to know. */
export function joinObservers({ accessLog, metrics }: Observers): AccessLog | undefined {
  if (metrics === undefined) return accessLog
  return (exchange, outcome) => {
    metrics.observe(exchange, outcome)
    accessLog?.(exchange, outcome)
  }
}
