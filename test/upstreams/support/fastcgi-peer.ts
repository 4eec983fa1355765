import { createServer, type Socket } from 'node:net'
import { formatEnd } from '../../../src/wire/fastcgi/bodies.ts'
import { PairDecoder } from '../../../src/wire/fastcgi/pairs.ts'
import {
  formatRecord,
  formatStream,
  RecordDecoder,
  RecordType,
} from '../../../src/wire/fastcgi/records.ts'

/** A request as it was received, and the connection to answer on. */
export interface PeerRequest {
  readonly socket: Socket
  /** Which connection of the peer it came on, from 1. */
  readonly connection: number
  /** As in BEGIN_REQUEST. */
  readonly role: number
  readonly variables: ReadonlyMap<string, string>
  /** Bytes of the body so far, until the whole has arrived. */
  readonly body: string
  /** Bytes of the file so far, one character each. */
  readonly file: string
}

/** When a peer is told of a request: when its variables are there, or its whole body, or the file behind it. */
export interface PeerOptions {
  readonly waitsForBody?: boolean
  readonly waitsForFile?: boolean
}

/** A FastCGI application whose answers a test writes byte by byte. */
export interface FastCgiPeer extends AsyncDisposable {
  readonly url: string
  readonly requests: readonly PeerRequest[]
  readonly sockets: ReadonlySet<Socket>
  /** Types of all records in the order of their arrival. */
  readonly records: readonly number[]
}

/** Records of STDOUT with a text. */
export function formatOutput(text: string, id = 1): Buffer {
  return Buffer.concat(formatStream(RecordType.STDOUT, id, Buffer.from(text, 'latin1')))
}

/** END_REQUEST. */
export function formatEndRecord(protocolStatus = 0, id = 1): Buffer {
  return formatRecord(RecordType.END_REQUEST, id, formatEnd({ appStatus: 0, protocolStatus }))
}

/** A whole answer. */
export function formatAnswer(text: string): Buffer {
  return Buffer.concat([
    formatOutput(`Content-Type: text/plain\n\n${text}`),
    formatRecord(RecordType.STDOUT, 1),
    formatEndRecord(),
  ])
}

/** Resets a connection; Node's own method ends it first. */
export function resetNow(socket: Socket): void {
  Object.assign(socket, { resetAndClosing: true })
  socket.destroy()
}

/** Starts a peer; `port` 0 takes a free one. */
export async function startFastCgiPeer(
  answer: (request: PeerRequest) => void,
  {
    waitsForFile = false,
    waitsForBody = !waitsForFile,
    port = 0,
  }: PeerOptions & { readonly port?: number } = {},
): Promise<FastCgiPeer> {
  const requests: PeerRequest[] = []
  const records: number[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((socket) => {
    connections += 1
    const connection = connections
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    let pairs = new PairDecoder(10_000_000, 'UPSTREAM_FAILED')
    let variables = new Map<string, string>()
    let role = 0
    let body = ''
    let file = ''
    const tell = (): void => {
      const request = { socket, connection, role, variables, body, file }
      requests.push(request)
      answer(request)
    }
    const decoder = new RecordDecoder(
      {
        onRecord({ type, length }, chunk, start, end) {
          records.push(type)
          const content = chunk.subarray(start, end)
          if (type === RecordType.BEGIN_REQUEST) role = content[1] ?? 0
          else if (type === RecordType.PARAMS && length > 0) pairs.push(Buffer.from(content))
          else if (type === RecordType.PARAMS) {
            variables = readPairs(pairs.end())
            pairs = new PairDecoder(10_000_000, 'UPSTREAM_FAILED')
            body = ''
            file = ''
            if (!waitsForBody && !waitsForFile) tell()
          } else if (type === RecordType.STDIN && length > 0) body += content.toString('latin1')
          else if (type === RecordType.STDIN && waitsForBody) tell()
          else if (type === RecordType.DATA && length > 0) file += content.toString('latin1')
          else if (type === RecordType.DATA && waitsForFile) tell()
        },
      },
      'UPSTREAM_FAILED',
    )
    socket.on('data', (chunk) => decoder.push(chunk))
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `fastcgi://127.0.0.1:${address.port}`,
    requests,
    sockets,
    records,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function readPairs(list: readonly string[]): Map<string, string> {
  const map = new Map<string, string>()
  for (let at = 0; at < list.length; at += 2) map.set(list[at] ?? '', list[at + 1] ?? '')
  return map
}
