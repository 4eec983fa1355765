import type { Endpoint } from '../control/endpoint.ts'
import { formatMetrics, METRICS_TYPE } from '../telemetry/metrics/format-metrics.ts'
import type { RunnableServer } from './server.ts'

/** Where what a server has measured can be read. */
export function createMetricsEndpoint(
  path: string,
  server: Pick<RunnableServer, 'measure' | 'status'>,
): Endpoint {
  return {
    path,
    method: 'GET',
    summary: 'What is measured, in the text format of Prometheus.',
    answers: { 200: { description: 'Counters, gauges and histograms.' } },
    run: async () => {
      const [measured, status] = await Promise.all([server.measure(), server.status()])
      return { status: 200, type: METRICS_TYPE, body: await formatMetrics(measured, status) }
    },
  }
}
