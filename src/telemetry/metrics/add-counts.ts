import type { MeasuredMetrics } from './process-metrics.ts'

type Metric = MeasuredMetrics[number]

/** What only grows, and so has to outlast its process. */
const COUNTS = new Set(['counter', 'histogram'])

/** Adds what an ended process has counted to what those before it have. Its gauges end with it. */
export function addCounts(sum: MeasuredMetrics, ended: MeasuredMetrics): MeasuredMetrics {
  const known = new Map(sum.map((metric) => [metric.name, metric]))
  for (const metric of ended)
    if (COUNTS.has(String(metric.type)))
      known.set(metric.name, addValues(known.get(metric.name)?.values ?? [], metric))
  return [...known.values()]
}

function addValues(sum: Metric['values'], ended: Metric): Metric {
  const values = new Map(sum.map((one) => [nameSeries(one), one]))
  for (const one of ended.values) {
    const name = nameSeries(one)
    values.set(name, { ...one, value: one.value + (values.get(name)?.value ?? 0) })
  }
  return { ...ended, values: [...values.values()] }
}

/** Buckets, sum and count of a histogram have names of their own. */
function nameSeries(value: Metric['values'][number]): string {
  return JSON.stringify(['metricName' in value ? value.metricName : '', value.labels])
}
