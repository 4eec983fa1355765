import type { Logger } from '../../../src/core/logger.ts'
import { ListeningFront } from '../../../src/fronts/listening-front.ts'
import type { FrontTimeouts } from '../../../src/fronts/options.ts'
import { createPipeline, type PipelineOptions } from '../../../src/pipeline/pipeline.ts'
import { webSocketOptions } from '../../support/web-socket-options.ts'

/** A front with a pipeline, on its own port. */
export interface ServedPipeline extends AsyncDisposable {
  readonly url: string
}

const SILENT: Logger = { debug: ignore, output: ignore, info: ignore, warn: ignore, error: ignore }
const LIMITS = {
  headerBytes: 65_536,
  headerCount: 100,
  targetBytes: 16_384,
  body: 100_000_000,
  connections: 100,
  requestsPerConnection: 0,
}
const TIMEOUTS = { header: 10_000, body: 10_000, idle: 10_000, send: 10_000, shutdown: 1 }

/** Serves routes until it is disposed of. */
export async function servePipeline(
  options: PipelineOptions,
  timeouts: Partial<FrontTimeouts> = {},
): Promise<ServedPipeline> {
  const front = new ListeningFront({
    addresses: [{ kind: 'tcp', host: '127.0.0.1', port: 0 }],
    handler: createPipeline(options),
    limits: LIMITS,
    timeouts: { ...TIMEOUTS, ...timeouts },
    webSocket: webSocketOptions(),
    http2: true,
    serverSoftware: 'taipan',
    logger: SILENT,
  })
  await front.start()
  return {
    url: front.urls[0] ?? '',
    [Symbol.asyncDispose]: async () => await front.stop(),
  }
}

function ignore(): void {}
