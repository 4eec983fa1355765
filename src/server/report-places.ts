import type { ServerLogger } from '../telemetry/logger.ts'

/** Where a server can be reached. */
export interface Reachable {
  readonly urls: readonly string[]
  readonly controlUrl: string | undefined
  readonly metricsUrl: string | undefined
}

const NOWHERE: Reachable = { urls: [], controlUrl: undefined, metricsUrl: undefined }

/** Logs where a server can be reached, except where it could be before. */
export function reportPlaces(
  { urls, controlUrl, metricsUrl }: Reachable,
  logger: ServerLogger,
  before: Reachable = NOWHERE,
): void {
  for (const url of urls)
    if (!before.urls.includes(url)) logger.announce(`listening on ${url}`, { url })
  if (controlUrl !== undefined && controlUrl !== before.controlUrl)
    logger.info({ control: controlUrl }, `controlled at ${controlUrl}`)
  if (metricsUrl !== undefined && metricsUrl !== before.metricsUrl)
    logger.info({ metrics: metricsUrl }, `metrics at ${metricsUrl}`)
}
