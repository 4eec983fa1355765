import type { LogFields, Logger } from '../../../../src/core/logger.ts'
import { GatewayAddress } from '../../../../src/upstreams/gateway/gateway-address.ts'
import type { GatewayOptions } from '../../../../src/upstreams/gateway/gateway-options.ts'
import { GatewayUpstream } from '../../../../src/upstreams/gateway/gateway-upstream.ts'
import { HttpClient, type HttpClientOptions } from '../../../../src/upstreams/http/http-client.ts'
import { decodePercent } from '../../../../src/wire/percent.ts'
import { startLab, type FrontLab } from '../../../fronts/support/front-lab.ts'
import { openRaw, type RawConnection, type RawResponse } from '../../../support/raw-client.ts'

/** Differences from the default options. */
export interface HttpLabOptions {
  readonly client?: Partial<HttpClientOptions>
  readonly gateway?: Partial<GatewayOptions>
  /** Path of the route. */
  readonly mount?: string
}

/** A front and a gateway, in this process, before HTTP servers; stopped at the end of its scope. */
export class HttpLab {
  readonly front: FrontLab
  readonly upstream: GatewayUpstream
  /** What the gateway has logged. */
  readonly records: readonly LogFields[]

  constructor(front: FrontLab, upstream: GatewayUpstream, records: readonly LogFields[]) {
    this.front = front
    this.upstream = upstream
    this.records = records
  }

  get url(): string {
    return this.front.url
  }

  connect(): Promise<RawConnection> {
    return openRaw(this.url)
  }

  /** The answer to a request of given bytes, 1xx aside. */
  async ask(request: string): Promise<RawResponse> {
    using connection = await this.connect()
    connection.send(request)
    return await connection.readFinalResponse(request.split(' ', 1)[0])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.upstream.stop(), this.front[Symbol.asyncDispose]()])
  }
}

/** Starts a lab before the servers at `ports` of 127.0.0.1. */
export async function startHttpLab(
  ports: readonly number[],
  { client, gateway, mount = '' }: HttpLabOptions = {},
): Promise<HttpLab> {
  const records: LogFields[] = []
  const upstream = new GatewayUpstream({
    name: 'test',
    balance: 'least',
    timeouts: { connect: 0, firstByte: 0, betweenBytes: 0, request: 0 },
    queue: { limit: 100, timeout: 0 },
    retries: 'unsent',
    replacesAddresses: false,
    filters: false,
    health: undefined,
    unknownLength: 'stream',
    shutdownTimeout: 1000,
    logger: createLogger(records),
    ...gateway,
  })
  for (const port of ports) {
    const url = `http://127.0.0.1:${port}`
    const made = new HttpClient({
      origin: { url, place: { kind: 'tcp', host: '127.0.0.1', port }, tls: undefined },
      connections: 16,
      host: undefined,
      rewriting: { location: false, cookies: false },
      onNamedFile: undefined,
      ...client,
    })
    upstream.add(new GatewayAddress(url, made))
  }
  const front = await startLab((exchange) => {
    const pathInfo = decodePercent(exchange.request.path).slice(mount.length)
    upstream.run(exchange, { application: 'test', scriptName: mount, pathInfo })
  })
  return new HttpLab(front, upstream, records)
}

function createLogger(records: LogFields[]): Logger {
  const note = (fields: LogFields): void => void records.push(fields)
  return { debug: note, output: note, info: note, warn: note, error: note }
}
