import { createInvoke, type Invoke } from '../../../../src/pipeline/application.ts'
import { createGatherer } from '../../../../src/pipeline/gather.ts'
import { LocalRedirects } from '../../../../src/pipeline/local-redirect.ts'
import { createPeersAnswerer } from '../../../../src/pipeline/peers.ts'
import type { Route } from '../../../../src/pipeline/routes.ts'
import { LrwpAgent, type LrwpOptions } from '../../../../src/upstreams/lrwp/lrwp-agent.ts'
import { servePipeline } from '../../../pipeline/support/serve.ts'
import {
  fetchRaw,
  pollUntil,
  type RawRequest,
  type RawResponse,
} from '../../../support/raw-client.ts'
import { formatOutput, registerPeer, type PeerRequest, type RawPeer } from './raw-peer.ts'

const OPTIONS: Omit<LrwpOptions, 'logger' | 'onLocalRedirect'> = {
  addresses: [{ kind: 'tcp', host: '127.0.0.1', port: 0 }],
  allow: ['127.0.0.0/8'],
  passphrases: new Map(),
  balance: 'round-robin',
  connections: 100,
  responseLimit: 2_000_000,
  queue: { limit: 100, timeout: 0 },
  timeouts: { request: 0, registration: 10_000, shutdown: 0 },
  serverSoftware: 'taipan/test',
}

/** An agent behind an HTTP front: `/peers/NAME` is for any name, and `/calc` for that one. */
export class LrwpLab implements AsyncDisposable {
  readonly url: string
  readonly agent: LrwpAgent
  readonly records: readonly string[]
  /** Called before a request goes to the agent. */
  onRequest = (): void => {}
  readonly #peers = new Set<RawPeer>()
  readonly #close: () => Promise<void>

  constructor(parts: Pick<LrwpLab, 'url' | 'agent' | 'records'>, close: () => Promise<void>) {
    this.url = parts.url
    this.agent = parts.agent
    this.records = parts.records
    this.#close = close
  }

  /** Where peers register. */
  get address(): string {
    return this.agent.addresses[0] ?? ''
  }

  async register(name: string, host = ''): Promise<RawPeer> {
    const peer = await registerPeer(this.address, name, host)
    this.#peers.add(peer)
    return peer
  }

  /** Registers a peer that answers everything. */
  async serve(
    name: string,
    answer: (request: PeerRequest) => string,
    host?: string,
  ): Promise<RawPeer> {
    const peer = await this.register(name, host)
    void peer.serve((request) => formatOutput(answer(request)))
    return peer
  }

  async fetch(request: RawRequest | string): Promise<RawResponse> {
    return await fetchRaw(this.url, request)
  }

  /** Status and body. */
  async get(request: RawRequest | string): Promise<string> {
    const { status, text } = await this.fetch(request)
    return `${status} ${text}`
  }

  async waitForRecord(pattern: RegExp): Promise<string> {
    return await pollUntil(() => this.records.find((text) => pattern.test(text)), `${pattern}`)
  }

  /** Resolves when so many requests wait for peers. */
  async waitForWaiting(count: number): Promise<void> {
    const { agent } = this
    await pollUntil(() => agent.statistics.waiting === count || undefined, `${count} that wait`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const peer of this.#peers) peer[Symbol.dispose]()
    await this.#close()
  }
}

export async function startLrwpLab(options: Partial<LrwpOptions> = {}): Promise<LrwpLab> {
  const records: string[] = []
  const keep = (_facts: object, text: string): void => void records.push(text)
  const logger = { debug: keep, output: keep, info: keep, warn: keep, error: keep }
  const redirects = new LocalRedirects(logger)
  const agent = new LrwpAgent({
    ...OPTIONS,
    logger,
    onLocalRedirect: (exchange, target) => redirects.follow(exchange, target),
    ...options,
  })
  await agent.start()
  const invokeAgent = createInvoke({
    upstream: agent,
    gatherer: createGatherer({ requestTotal: 1_000_000 }),
  })
  const invoke: Invoke = (exchange, invocation) => {
    lab.onRequest()
    invokeAgent(exchange, invocation)
  }
  const route = (path: string, name: string | undefined, fallthrough = false): Route => ({
    path,
    answer: createPeersAnswerer({ directory: agent, invoke, name, fallthrough }),
  })
  const routes = [route('/peers', undefined), route('/calc', 'calc'), route('/', undefined, true)]
  const served = await servePipeline({ routes, redirects })
  const lab = new LrwpLab({ url: served.url, agent, records }, async () => {
    await agent.stop()
    await served[Symbol.asyncDispose]()
  })
  return lab
}
