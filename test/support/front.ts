import type { Handler } from '../../src/core/exchange.ts'
import { ListeningFront } from '../../src/fronts/listening-front.ts'
import { webSocketOptions } from './web-socket-options.ts'

/** A front that listens on a free port of 127.0.0.1. */
export interface RunningFront {
  readonly url: string
  stop(): Promise<void>
}

/** Starts the real HTTP front with default limits and a handler. */
export async function startFront(handler: Handler): Promise<RunningFront> {
  const ignore = (): void => {}
  const front = new ListeningFront({
    addresses: [{ kind: 'tcp', host: '127.0.0.1', port: 0 }],
    handler,
    limits: {
      headerBytes: 65_536,
      headerCount: 200,
      targetBytes: 16_384,
      body: 0,
      connections: 0,
      requestsPerConnection: 0,
    },
    timeouts: { header: 20_000, body: 20_000, idle: 20_000, send: 20_000, shutdown: 2000 },
    webSocket: webSocketOptions(),
    http2: true,
    serverSoftware: 'taipan',
    logger: { debug: ignore, output: ignore, info: ignore, warn: ignore, error: ignore },
  })
  await front.start()
  const [url = ''] = front.urls
  return { url, stop: () => front.stop() }
}
