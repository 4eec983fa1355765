import { once } from 'node:events'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'

/** Connects to a server by its address; resolves after the handshake. */
export async function connectSecure(
  url: string,
  options: ConnectionOptions = {},
): Promise<TLSSocket> {
  const { hostname, port } = new URL(url)
  const socket = connect({
    host: hostname,
    port: Number(port),
    servername: 'localhost',
    ...options,
  })
  await once(socket, 'secureConnect')
  return socket
}

/** What a connection that had one request has left. */
export interface SecureAnswer {
  /** The last session that the server has given. */
  readonly session: Buffer | undefined
  readonly head: string
  readonly body: string
}

/** Sends one request and reads until the server closes. */
export async function askSecure(
  url: string,
  options: ConnectionOptions = {},
  lines = '',
): Promise<SecureAnswer> {
  const socket = await connectSecure(url, options)
  // TLS 1.3 has sessions after the handshake.
  let session = socket.getSession()
  socket.on('session', (later) => {
    session = later
  })
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk
  })
  socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\n${lines}Connection: close\r\n\r\n`)
  await once(socket, 'close')
  const [head = '', ...body] = text.split('\r\n\r\n')
  return { session, head, body: body.join('\r\n\r\n') }
}
