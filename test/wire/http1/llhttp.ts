import { createServer, type IncomingMessage } from 'node:http'
import { Duplex } from 'node:stream'

/** Result of Node's own parser, llhttp. */
export interface NodeParsed {
  readonly requests: readonly {
    readonly method: string
    readonly url: string
    readonly headers: readonly string[]
    readonly body: string
  }[]
  /** Code of the parse error, `HPE_...`; undefined if nothing was refused. */
  readonly refused: string | undefined
}

class Pipe extends Duplex {
  override _read(): void {}
  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done()
  }
}

/** Gives bytes to a server of `node:http` as if from a socket. */
export async function parseByNode(text: string): Promise<NodeParsed> {
  const requests: { method: string; url: string; headers: string[]; body: string }[] = []
  let refused: string | undefined
  const server = createServer({ maxHeaderSize: 1 << 20, requireHostHeader: false })
  server.maxHeadersCount = 0
  const note = (request: IncomingMessage, answer: () => void): void => {
    const one = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.rawHeaders,
      body: '',
    }
    requests.push(one)
    request.setEncoding('latin1')
    request.on('data', (chunk: string) => {
      one.body += chunk
    })
    request.on('error', () => undefined)
    answer()
  }
  server.on('request', (request, response) => note(request, () => response.end()))
  server.on('checkContinue', (request, response) => note(request, () => response.end()))
  server.on('checkExpectation', (request, response) => note(request, () => response.end()))
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    refused ??= error.code ?? error.message
    socket.destroy()
  })
  const pipe = new Pipe()
  pipe.on('error', () => undefined)
  server.emit('connection', pipe)
  pipe.push(Buffer.from(text, 'latin1'))
  for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve))
  pipe.destroy()
  return { requests, refused }
}
