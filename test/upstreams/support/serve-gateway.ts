import { createInvoke } from '../../../src/pipeline/application.ts'
import { createGatherer } from '../../../src/pipeline/gather.ts'
import { LocalRedirects } from '../../../src/pipeline/local-redirect.ts'
import { NamedFiles } from '../../../src/pipeline/static/named-files.ts'
import { createUpstreamAnswerer } from '../../../src/pipeline/upstream.ts'
import { CLIENTS } from '../../../src/server/routes/upstream-clients.ts'
import { createUsualUpstream } from '../../../src/server/routes/upstream-options.ts'
import { GatewayAddress } from '../../../src/upstreams/gateway/gateway-address.ts'
import type { GatewayOptions } from '../../../src/upstreams/gateway/gateway-options.ts'
import { GatewayUpstream } from '../../../src/upstreams/gateway/gateway-upstream.ts'
import { parseUpstreamAddress } from '../../../src/upstreams/gateway/upstream-address.ts'
import { servePipeline } from '../../pipeline/support/serve.ts'
import { fetchRaw, type RawRequest } from '../../support/raw-client.ts'

/** What can be chosen for a gateway. */
export interface GatewayLabOptions extends Partial<GatewayOptions> {
  readonly connections?: number
  readonly params?: Readonly<Record<string, string>>
  readonly sendfile?: readonly string[]
}

/** A route at `/` that these addresses answer. */
export async function serveGateway(
  urls: readonly string[],
  { connections = 4, params = {}, sendfile, ...options }: GatewayLabOptions = {},
) {
  const records: string[] = []
  const keep = (_facts: object, text: string): void => void records.push(text)
  const logger = { debug: keep, output: keep, info: keep, warn: keep, error: keep }
  const redirects = new LocalRedirects(logger)
  const upstream = new GatewayUpstream({
    name: urls.join(', '),
    balance: 'least',
    timeouts: { connect: 0, firstByte: 0, betweenBytes: 0, request: 0 },
    queue: { limit: 100, timeout: 0 },
    retries: 'unsent',
    replacesAddresses: false,
    filters: false,
    health: undefined,
    unknownLength: 'spool',
    shutdownTimeout: 0,
    logger,
    ...options,
  })
  const { http } = createUsualUpstream('scgi:')
  const files = new NamedFiles(sendfile ?? [])
  for (const url of urls) {
    const address = parseUpstreamAddress(url)
    if (typeof address === 'string') throw new Error(address)
    const createClient = await CLIENTS[address.protocol]()
    const client = createClient(address, {
      connections,
      multiplex: false,
      role: 'responder',
      params,
      http,
      serverSoftware: 'taipan/test',
      logger,
      onLocalRedirect: (exchange, target) => redirects.follow(exchange, target),
      onNamedFile:
        sendfile && ((exchange, file) => void files.send(exchange, file).catch(() => {})),
    })
    upstream.add(new GatewayAddress(url, client))
  }
  await upstream.start()
  const gatherer = createGatherer({ requestTotal: 10_000_000 })
  const invoke = createInvoke({ upstream, gatherer })
  const answer = createUpstreamAnswerer({ name: 'upstream', keepPrefix: false, invoke })
  const served = await servePipeline({ routes: [{ path: '/', answer }], redirects })
  return {
    url: served.url,
    upstream,
    records,
    fetch: async (options: RawRequest = {}) => await fetchRaw(served.url, options),
    /** Status and body. */
    async get(target = '/') {
      const { status, text } = await fetchRaw(served.url, { target })
      return `${status} ${text}`
    },
    async [Symbol.asyncDispose]() {
      await upstream.stop()
      await served[Symbol.asyncDispose]()
    },
  }
}
