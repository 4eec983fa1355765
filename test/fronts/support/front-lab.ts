import { TaipanError } from '../../../src/core/errors.ts'
import type { Exchange, Handler, Outcome, Transfer } from '../../../src/core/exchange.ts'
import type { FieldPairs } from '../../../src/core/field-block.ts'
import type { LogFields, Logger } from '../../../src/core/logger.ts'
import { createResponseHead } from '../../../src/core/response-head.ts'
import type { ConnectionSource, ListenAddress } from '../../../src/streams/listening/addresses.ts'
import { listen } from '../../../src/streams/listening/listener.ts'
import type { Handshakes } from '../../../src/streams/tls/handshakes.ts'
import { ListeningFront } from '../../../src/fronts/listening-front.ts'
import type { FrontOptions, FrontLimits, FrontTimeouts } from '../../../src/fronts/options.ts'
import type { WebSocketOptions } from '../../../src/fronts/web-socket/options.ts'
import { webSocketOptions } from '../../support/web-socket-options.ts'

export const LOCAL: ListenAddress = { kind: 'tcp', host: '127.0.0.1', port: 0 }

/** Differences from the default options. */
export interface LabOptions {
  readonly limits?: Partial<FrontLimits>
  readonly timeouts?: Partial<FrontTimeouts>
  readonly webSocket?: Partial<WebSocketOptions>
  readonly http2?: boolean
  readonly addresses?: readonly ListenAddress[]
  /** Addresses as the front gets them, without counted connections. */
  readonly listen?: readonly ListenAddress[]
  readonly handshakes?: Handshakes
}

/** A front with a handler, in this process; stopped at the end of its scope. */
export class FrontLab {
  readonly front: ListeningFront
  readonly records: { level: string; fields: LogFields; message: string }[] = []
  /** Requests that reached the handler, in order. */
  readonly exchanges: Exchange[] = []
  readonly outcomes: Outcome[] = []
  readonly transfers: (Transfer | undefined)[] = []
  /** Number of open connections. */
  connections = 0

  constructor(handler: Handler, options: LabOptions = {}) {
    this.front = new ListeningFront(this.#resolve(handler, options))
  }

  get url(): string {
    return this.front.urls[0] ?? ''
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.front.stop()
  }

  #resolve(handler: Handler, options: LabOptions): FrontOptions {
    return {
      addresses:
        options.listen ?? (options.addresses ?? [LOCAL]).map((address) => this.#count(address)),
      handshakes: options.handshakes,
      handler: (exchange) => {
        this.exchanges.push(exchange)
        exchange.onFinish(({ measure, ...outcome }) => {
          this.outcomes.push(outcome)
          this.transfers.push(measure?.())
        })
        handler(exchange)
      },
      limits: {
        headerBytes: 65_536,
        headerCount: 200,
        targetBytes: 32_768,
        body: 64 << 20,
        connections: 0,
        requestsPerConnection: 0,
        ...options.limits,
      },
      timeouts: { header: 0, body: 0, idle: 0, send: 0, shutdown: 500, ...options.timeouts },
      http2: options.http2 ?? true,
      webSocket: webSocketOptions(options.webSocket),
      serverSoftware: 'taipan/test',
      logger: this.#createLogger(),
    }
  }

  /** The same address, with its connections counted. */
  #count(address: ListenAddress): ListenAddress {
    const source: ConnectionSource = {
      listen: (onConnection) =>
        listen(address, (stream) => {
          this.connections += 1
          stream.onClose(() => {
            this.connections -= 1
          })
          onConnection(stream)
        }),
    }
    return { ...address, kind: 'source', source }
  }

  #createLogger(): Logger {
    const note = (level: string) => (fields: LogFields, message: string) => {
      this.records.push({ level, fields, message })
    }
    return {
      debug: note('debug'),
      output: note('output'),
      info: note('info'),
      warn: note('warn'),
      error: note('error'),
    }
  }
}

/** Starts a front with a handler. */
export async function startLab(handler: Handler, options: LabOptions = {}): Promise<FrontLab> {
  const lab = new FrontLab(handler, options)
  await lab.front.start()
  return lab
}

/** Answers with a text of known length. */
export function answer(
  exchange: Exchange,
  text: string,
  { status = 200, fields = [] }: { readonly status?: number; readonly fields?: FieldPairs } = {},
): void {
  exchange.response.send(createResponseHead(status, fields), Buffer.from(text, 'latin1'))
}

/** Answers as the target says: with the whole body, after reading all of it. */
export function echo(exchange: Exchange): void {
  const parts: Uint8Array[] = []
  const { body } = exchange
  const pull = (): void => {
    for (let piece = body.take(); piece !== undefined; piece = body.take()) parts.push(piece)
    if (body.complete && body.buffered === 0) {
      body.onProgress = undefined
      answer(exchange, Buffer.concat(parts).toString('latin1'))
    }
  }
  body.onProgress = pull
  body.request(65_536)
  pull()
}

/** Answers with the name of the request, to identify it. */
export function nameRequest(exchange: Exchange): void {
  answer(exchange, `${exchange.request.method} ${exchange.request.target}`)
}

export const FAILURE = new TaipanError('APPLICATION_FAILED', 'failed on purpose')
