import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import {
  connect,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
} from 'node:http2'
import type { Duplex } from 'node:stream'
import { onTestFinished } from 'vitest'

import { pollUntil } from './raw-client.ts'
import { acceptKey } from './web-socket-client.ts'

/** WebSockets that share a connection. */
const SHARING = 50
const PASSED = ['sec-websocket-version', 'sec-websocket-protocol', 'sec-websocket-extensions']

/** Until the test ends, gives clients of HTTP/1 a URL behind which their requests and WebSockets are streams of HTTP/2. */
export async function bridgeHttp2(url: string): Promise<string> {
  const bridge = new Bridge(url)
  const server = createServer((request, response) => void bridge.pass(request, response))
  const sockets = new Set<Duplex>()
  server.on('upgrade', (request, socket, head) => {
    sockets.add(socket)
    void bridge.open(request, socket, head)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    bridge.close()
    for (const socket of sockets) socket.destroy()
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return `http://127.0.0.1:${port}`
}

class Bridge {
  readonly #url: string
  readonly #sessions: ClientHttp2Session[] = []
  #streams = 0

  constructor(url: string) {
    this.#url = url
  }

  async pass({ method, url }: IncomingMessage, response: ServerResponse): Promise<void> {
    const session = await this.#choose()
    const stream = session.request({ ':method': method ?? 'GET', ':path': url ?? '/' })
    stream.on('error', () => response.destroy())
    stream.on('response', ({ ':status': status = 500 }) => {
      response.writeHead(status)
      stream.pipe(response)
    })
  }

  async open({ url, headers }: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => {})
    const session = await this.#choose()
    const passed = PASSED.filter((name) => headers[name] !== undefined)
    const stream = session.request(
      {
        ':method': 'CONNECT',
        ':protocol': 'websocket',
        ':scheme': 'http',
        ':path': url ?? '/',
        ':authority': headers.host ?? '',
        ...Object.fromEntries(passed.map((name) => [name, headers[name]])),
      },
      { endStream: false },
    )
    stream.write(head)
    socket.pipe(stream)
    bindEnds(stream, socket)
    stream.on('response', (fields) => {
      socket.write(formatAnswer(fields), 'latin1')
      stream.pipe(socket)
    })
  }

  close(): void {
    for (const session of this.#sessions) session.destroy()
  }

  async #choose(): Promise<ClientHttp2Session> {
    const index = Math.floor(this.#streams++ / SHARING)
    const session = (this.#sessions[index] ??= connect(this.#url).on('error', () => {}))
    await pollUntil(() => session.remoteSettings.enableConnectProtocol || undefined, 'settings', {
      pause: 1,
    })
    return session
  }
}

/** Who loses one of them loses the other. */
function bindEnds(stream: ClientHttp2Stream, socket: Duplex): void {
  stream.on('error', () => {})
  stream.on('close', () => {
    if (stream.rstCode !== 0) socket.destroy()
  })
  socket.on('close', () => stream.close(constants.NGHTTP2_CANCEL))
}

function formatAnswer({
  ':status': status,
  ...fields
}: IncomingHttpHeaders & { ':status'?: number | undefined }): string {
  const isOpen = status === 200
  const first = isOpen
    ? ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket']
    : [`HTTP/1.1 ${status} Denied`, 'Connection: close']
  const accepted = isOpen ? [`Sec-WebSocket-Accept: ${acceptKey()}`] : []
  const others = Object.entries(fields).map(([name, value]) => `${name}: ${String(value)}`)
  return `${[...first, ...accepted, ...others].join('\r\n')}\r\n\r\n`
}
