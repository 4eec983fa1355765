import type { AccessLog } from '../pipeline/access-log.ts'
import type { ProcessMetrics } from '../telemetry/metrics/process-metrics.ts'
import type { ServerPlan } from './config/resolved.ts'

/** What gets each exchange when it is over. */
export interface Observers {
  /** Logs it, and measures it; undefined: nobody wants to know. */
  readonly accessLog: AccessLog | undefined
  /** Undefined: nothing is measured. */
  readonly metrics: ProcessMetrics | undefined
}

/** Adds what a plan measures to what is logged. */
export async function openObservers(
  plan: Pick<ServerPlan, 'metrics'>,
  accessLog: AccessLog | undefined,
): Promise<Observers> {
  if (plan.metrics === undefined) return { accessLog, metrics: undefined }
  const { ProcessMetrics: Metrics } = await import('../telemetry/metrics/process-metrics.ts')
  const metrics = new Metrics()
  const both: AccessLog = (exchange, outcome) => {
    metrics.observe(exchange, outcome)
    accessLog?.(exchange, outcome)
  }
  return { accessLog: both, metrics }
}
