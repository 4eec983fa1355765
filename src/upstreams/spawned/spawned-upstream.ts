import type { TaipanError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { ProcessesStatus } from '../../core/process-status.ts'
import type { Logger } from '../../core/logger.ts'
import type { Invocation, SupervisedUpstream, UpstreamStatistics } from '../../core/upstream.ts'
import type { ConnectPlace } from '../../streams/net/net-connector.ts'
import type { GatewayAddress } from '../gateway/gateway-address.ts'
import type { GatewayUpstream } from '../gateway/gateway-upstream.ts'
import type { Duplicate } from './place-maker.ts'
import type { ProgramAddresses } from './program-addresses.ts'
import type { ProgramSettings } from './program-settings.ts'
import { ProgramSupervisor } from './program-supervisor.ts'

/** Parts of an upstream that spawns its program. */
export interface SpawnedOptions {
  /** Without addresses; it gets those of the program. */
  readonly gateway: GatewayUpstream
  readonly settings: ProgramSettings
  /** Makes the address of a process. */
  readonly createAddress: (place: ConnectPlace) => GatewayAddress
  readonly logger: Logger
  readonly loadDuplicate: () => Promise<Duplicate>
}

/** Answers by a program that it keeps running. */
export class SpawnedUpstream implements SupervisedUpstream {
  readonly #gateway: GatewayUpstream
  readonly #supervisor: ProgramSupervisor

  constructor({ gateway, createAddress, ...options }: SpawnedOptions) {
    this.#gateway = gateway
    const addresses = new GatewayAddresses(gateway, createAddress)
    this.#supervisor = new ProgramSupervisor({ ...options, addresses })
  }

  get capacity(): { readonly idle: number; readonly total: number } {
    return this.#gateway.capacity
  }

  get statistics(): UpstreamStatistics {
    return this.#gateway.statistics
  }

  get failure(): TaipanError | undefined {
    return this.#supervisor.failure
  }

  get processes(): ProcessesStatus {
    return this.#supervisor.status
  }

  gatheredBytes(): number {
    return this.#gateway.gatheredBytes()
  }

  run(exchange: Exchange, invocation: Invocation): void {
    this.#gateway.run(exchange, invocation)
  }

  async start(): Promise<void> {
    await this.#gateway.start()
    await this.#supervisor.start()
  }

  prepareStop(): void {
    this.#supervisor.prepareStop()
  }

  async stop(waited = 0): Promise<void> {
    const begun = performance.now()
    await this.#gateway.stop(waited)
    await this.#supervisor.stop(waited + performance.now() - begun)
  }

  kill(): void {
    this.#supervisor.kill()
  }

  reload(): Promise<void> {
    return this.#supervisor.reload()
  }
}

/** The addresses of a gateway, as a program is known by. */
class GatewayAddresses implements ProgramAddresses {
  readonly #gateway: GatewayUpstream
  readonly #create: (place: ConnectPlace) => GatewayAddress
  readonly #known = new Map<ConnectPlace, GatewayAddress>()

  constructor(gateway: GatewayUpstream, create: (place: ConnectPlace) => GatewayAddress) {
    this.#gateway = gateway
    this.#create = create
  }

  add(place: ConnectPlace): void {
    const address = this.#create(place)
    this.#known.set(place, address)
    this.#gateway.add(address)
  }

  async remove(place: ConnectPlace): Promise<void> {
    const address = this.#known.get(place)
    if (address === undefined) return
    this.#known.delete(place)
    this.#gateway.remove(address)
    await address.drained()
  }

  countAnswered(place: ConnectPlace): number {
    return this.#known.get(place)?.answered ?? 0
  }

  fail(error: TaipanError): void {
    this.#gateway.fail(error)
  }
}
