import type { Problems } from '../option-types/problems.ts'
import type { FullConfig } from '../options/schema.ts'
import { isLoopback, parsePlace } from './address.ts'

/** Where what is measured can be read. */
export interface MetricsPlan {
  readonly path: string
  /** Undefined: at the control address. */
  readonly address:
    | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
    | undefined
}

/** What else is at the control address. */
const TAKEN = new Set(
  '/ /status /stacks /openapi.json /health /ready /reload /scale /stop'.split(' '),
)

/** Warns of metrics that whoever reaches a port of this machine can read; a scraper on another one needs that. */
export function warnOfOpenMetrics(
  metrics: MetricsPlan | undefined,
  config: Pick<FullConfig, 'metrics'>,
  problems: Problems,
): string[] {
  const host = metrics?.address?.host
  if (host === undefined || isLoopback(host)) return []
  return [
    `${problems.nameOf(['metrics'])}: ${JSON.stringify(config.metrics)} can be read by other machines, and asks nobody who they are; let only those that collect metrics reach it`,
  ]
}

/** Where metrics can be read; undefined: nothing is measured. */
export function resolveMetrics(
  { metrics, control }: Pick<FullConfig, 'metrics' | 'control'>,
  problems: Problems,
): MetricsPlan | undefined {
  if (metrics === undefined) return undefined
  const host = /^http:\/\/([^/]+)/.exec(metrics)?.[1]
  const path = host === undefined ? metrics : metrics.slice('http://'.length + host.length)
  const found = JSON.stringify(metrics)
  if (TAKEN.has(path)) {
    problems.add(['metrics'], `${found}: ${path} is something else there; take "/metrics"`)
    return undefined
  }
  if (host === undefined) {
    if (control !== undefined) return { path, address: undefined }
    problems.add(
      ['metrics'],
      `${found} is a path at the control address, and there is none: give one (control: "unix:run/control.sock"), or write an address of its own: "http://127.0.0.1:9100${path}"`,
    )
    return undefined
  }
  const address = parsePlace(host)
  if (typeof address !== 'string' && address.kind === 'tcp') return { path, address }
  const reason = typeof address === 'string' ? address : 'expected host:port'
  problems.add(['metrics'], `${found} is not an address: ${reason}`)
  return undefined
}
