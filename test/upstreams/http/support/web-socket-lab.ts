import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { WebSocketServer, type ServerOptions, type WebSocket } from 'ws'
import { startHttpLab, type HttpLab, type HttpLabOptions } from './http-lab.ts'

/** Gets each WebSocket that the upstream opens. */
export type OnWebSocket = (webSocket: WebSocket, request: IncomingMessage) => void

/** A server with WebSockets, by `ws`, and a lab before it. */
export class WebSocketLab {
  readonly lab: HttpLab
  /** Open WebSockets of the upstream. */
  readonly open: ReadonlySet<WebSocket>
  readonly #server: Server

  constructor(lab: HttpLab, open: ReadonlySet<WebSocket>, server: Server) {
    this.lab = lab
    this.open = open
    this.#server = server
  }

  get url(): string {
    return this.lab.url
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]()
    for (const webSocket of this.open) webSocket.terminate()
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

/** Starts both. */
export async function startWebSocketLab(
  onWebSocket: OnWebSocket,
  { server: options, ...lab }: HttpLabOptions & { readonly server?: ServerOptions } = {},
): Promise<WebSocketLab> {
  const server = createServer()
  const webSockets = new WebSocketServer({ ...options, server })
  webSockets.on('connection', onWebSocket)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return new WebSocketLab(await startHttpLab([address.port], lab), webSockets.clients, server)
}
