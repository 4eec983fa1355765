import { isDeepStrictEqual } from 'node:util'
import type { Controlled } from '../control/controlled.ts'
import type { Endpoint } from '../control/endpoint.ts'
import type { Logger } from '../core/logger.ts'
import type { ControlPlan } from './config/resolve-control.ts'
import type { ServerPlan } from './config/resolved.ts'
import type { ControlServer } from './control-server.ts'
import type { RunnableServer } from './server.ts'
import { VERSION } from './version.ts'

/** What is controlled and measured. */
export interface ControlPlacesOptions {
  readonly server: Controlled & Pick<RunnableServer, 'measure'>
  readonly logger: Logger
}

/** Other places, which are open and not used yet. */
export interface NextPlaces {
  /** Those before are closed when they have given the answers that they owe. */
  use(): void
  close(): Promise<void>
}

/** A place, and what it has been made of. */
interface Place {
  readonly plan: ControlPlan
  readonly server: ControlServer
}

interface Wanted {
  readonly plan: ControlPlan
  readonly endpoints: readonly Endpoint[]
  readonly checksHost: boolean
}

/** Where a server is controlled, and where it is measured if that is elsewhere. */
export class ControlPlaces {
  readonly #options: ControlPlacesOptions
  #control: Place | undefined
  #metrics: Place | undefined
  #metricsPath = ''

  constructor(options: ControlPlacesOptions) {
    this.#options = options
  }

  /** Where it is controlled; undefined: nowhere. */
  get controlUrl(): string | undefined {
    return this.#control?.server.url
  }

  /** Where it is measured, if that has an address of its own. */
  get metricsUrl(): string | undefined {
    const url = this.#metrics?.server.url
    return url === undefined ? undefined : `${url}${this.#metricsPath}`
  }

  /** Opens what a plan wants and is not open yet. Rejects with `ADDRESS_IN_USE` or `ADDRESS_UNUSABLE`. */
  async prepare(plan: ServerPlan): Promise<NextPlaces> {
    const measured = plan.metrics && [await this.#createMetrics(plan.metrics.path)]
    const metrics = await this.#open(this.#metrics, await wantMetrics(plan, measured))
    try {
      const control = await this.#open(this.#control, await wantControl(plan, measured))
      return {
        use: () => {
          this.#metricsPath = plan.metrics?.path ?? ''
          this.#metrics = metrics.use()
          this.#control = control.use()
        },
        close: async () => {
          await Promise.all([metrics.close(), control.close()])
        },
      }
    } catch (error) {
      await metrics.close()
      throw error
    }
  }

  async stop(): Promise<void> {
    await this.#control?.server.stop()
    await this.#metrics?.server.stop()
  }

  async #createMetrics(path: string): Promise<Endpoint> {
    const { createMetricsEndpoint } = await import('./metrics-endpoint.ts')
    return createMetricsEndpoint(path, this.#options.server)
  }

  async #open(before: Place | undefined, wanted: Wanted | undefined): Promise<NextPlace> {
    const leave = (): void => void before?.server.stop()
    if (wanted === undefined) return { use: () => (leave(), undefined), close: async () => {} }
    const { plan } = wanted
    if (before !== undefined && isDeepStrictEqual(before.plan.address, plan.address)) {
      const { server } = before
      return { use: () => (server.answerWith(wanted), { plan, server }), close: async () => {} }
    }
    const { ControlServer: Server } = await import('./control-server.ts')
    const server = new Server({ ...this.#options, ...wanted })
    await server.start()
    return { use: () => (leave(), { plan, server }), close: () => server.stop() }
  }
}

interface NextPlace {
  use(): Place | undefined
  close(): Promise<void>
}

async function wantMetrics(
  { metrics }: ServerPlan,
  measured: readonly Endpoint[] = [],
): Promise<Wanted | undefined> {
  if (metrics?.address === undefined) return undefined
  const { PROBES } = await import('../control/endpoints.ts')
  const plan = { address: metrics.address, token: undefined }
  return { plan, endpoints: [...PROBES, ...measured], checksHost: false }
}

async function wantControl(
  { control, account: owner }: ServerPlan,
  measured: readonly Endpoint[] = [],
): Promise<Wanted | undefined> {
  if (control === undefined) return undefined
  const { ENDPOINTS } = await import('../control/endpoints.ts')
  const { createDescription } = await import('../control/openapi.ts')
  const all = [...ENDPOINTS, ...measured]
  const { address } = control
  // The socket belongs to the user that the server becomes.
  const owned = address.kind === 'unix' ? { ...address, owner } : address
  return {
    plan: { ...control, address: owned },
    endpoints: [...all, createDescription(all, VERSION)],
    checksHost: true,
  }
}
