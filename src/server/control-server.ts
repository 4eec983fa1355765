import { lstatSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Controlled } from '../control/controlled.ts'
import { createControlHandler } from '../control/control-handler.ts'
import type { Endpoint } from '../control/endpoint.ts'
import { TaipanError } from '../core/errors.ts'
import type { Handler } from '../core/exchange.ts'
import type { Logger } from '../core/logger.ts'
import type { Service } from '../core/service.ts'
import { ListeningFront } from '../fronts/listening-front.ts'
import type { ControlPlan } from './config/resolve-control.ts'
import { giveSocket, type SocketAccess } from '../streams/listening/own-socket.ts'
import { loadPeerCheck, PeerSource } from './peer-source.ts'
import { SERVER_SOFTWARE } from './version.ts'

/** Few ask, and what they ask is short. */
const LIMITS = {
  headerBytes: 16 * 1024,
  headerCount: 64,
  targetBytes: 2048,
  body: 64 * 1024,
  connections: 32,
  requestsPerConnection: 0,
}
const TIMEOUTS = { header: 10_000, body: 10_000, idle: 60_000, send: 30_000, shutdown: 1000 }
const NO_WEB_SOCKETS = {
  message: 1024,
  compression: false,
  pingInterval: 0,
  pingTimeout: 0,
  closeTimeout: 1000,
  origins: [],
}

/** What is answered, and to whom. */
export interface ControlAnswers {
  readonly plan: ControlPlan
  /** What can be asked and told there. */
  readonly endpoints: readonly Endpoint[]
  /** Only names of this machine are taken as a Host, because pages in browsers may use others. */
  readonly checksHost: boolean
}

/** Parts of a control server. */
export interface ControlServerOptions extends ControlAnswers {
  readonly server: Controlled
  readonly logger: Logger
}

/** Lets others ask and tell a server what it does, at an address of its own. */
export class ControlServer implements Service {
  readonly #options: ControlServerOptions
  #front: ListeningFront | undefined
  #handler: Handler

  constructor(options: ControlServerOptions) {
    this.#options = options
    this.#handler = createHandler(options)
  }

  /** Where it listens; undefined when it does not. */
  get url(): string | undefined {
    return this.#front?.urls[0]
  }

  /** Answers otherwise from now on, at the same address. */
  answerWith(answers: ControlAnswers): void {
    this.#handler = createHandler({ ...this.#options, ...answers })
  }

  /** Rejects with `ADDRESS_IN_USE` or `ADDRESS_UNUSABLE`. */
  async start(): Promise<void> {
    const { plan, logger } = this.#options
    const { address } = plan
    if (address.kind === 'unix') await makeFolder(address, logger)
    const front = new ListeningFront({
      addresses: [await this.#createAddress()],
      handler: (exchange) => this.#handler(exchange),
      limits: LIMITS,
      timeouts: TIMEOUTS,
      webSocket: NO_WEB_SOCKETS,
      http2: false,
      serverSoftware: SERVER_SOFTWARE,
      logger,
    })
    await front.start()
    this.#front = front
  }

  async stop(): Promise<void> {
    await this.#front?.stop()
    this.#front = undefined
  }

  async #createAddress() {
    const { plan, logger } = this.#options
    const { address } = plan
    if (address.kind !== 'unix') return address
    const check = await loadPeerCheck(address.path)
    return { kind: 'source', source: new PeerSource(address, check, logger) } as const
  }
}

function createHandler({ plan, checksHost, ...parts }: ControlServerOptions): Handler {
  const { address, token } = plan
  return createControlHandler({
    ...parts,
    token,
    checksHost: checksHost && address.kind === 'tcp',
  })
}

/** Makes the folder of a socket, for its owner alone, if it is missing. */
async function makeFolder(
  { path, owner }: { readonly path: string } & SocketAccess,
  logger: Logger,
): Promise<void> {
  const folder = dirname(path)
  const found = lstatSync(folder, { throwIfNoEntry: false })
  if (found === undefined) {
    try {
      await mkdir(folder, { mode: 0o700 })
      giveSocket(folder, { mode: 0o700, owner })
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new TaipanError(
        'ADDRESS_UNUSABLE',
        `control: folder ${folder} cannot be made: ${reason}`,
        {
          cause: error,
        },
      )
    }
    return
  }
  // Whoever may rename files there could put another socket in the place of this one.
  const isOpen = (found.mode & 0o022) !== 0 && (found.mode & 0o1000) === 0
  if (isOpen)
    logger.warn(
      { folder },
      `control: other users may write to ${folder}; a folder of this user alone is better`,
    )
}
