import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'

import type { ClientCertificate, TlsFacts } from '../../core/tls-facts.ts'
import type { Contexts } from './contexts.ts'

/** Certificates that a client sends at most, by the depth that OpenSSL checks. */
const LONGEST_CHAIN = 100

/** The facts of a connection whose handshake is over. */
export function readTlsFacts(socket: TLSSocket, contexts: Contexts): TlsFacts {
  const serverName = readServerName(socket)
  const { name, standardName } = socket.getCipher()
  return {
    version: socket.getProtocol() === 'TLSv1.3' ? 'TLSv1.3' : 'TLSv1.2',
    cipher: { name, standardName },
    serverName,
    resumed: socket.isSessionReused(),
    readSession: () => (socket.destroyed ? undefined : socket.getSession()),
    certificate: contexts.names.find(serverName)?.certificate ?? contexts.certificate,
    client: contexts.asksClients ? readClient(socket) : undefined,
  }
}

/** A name as hosts have them; TLS itself allows any bytes. */
const HOST_NAME = /^[a-z\d._-]{1,255}$/

/** Undocumented: the name that the client has sent, or false. */
function readServerName(socket: TLSSocket): string {
  const name: unknown = Reflect.get(socket, 'servername')
  const lower = typeof name === 'string' ? name.toLowerCase() : ''
  return HOST_NAME.test(lower) ? lower : ''
}

function readClient(socket: TLSSocket): ClientCertificate | undefined {
  const own = socket.getPeerX509Certificate()
  if (own === undefined) return undefined
  const chain: Buffer[] = []
  for (
    let one: X509Certificate | undefined = own;
    one !== undefined && chain.length < LONGEST_CHAIN;
    one = one.issuerCertificate
  )
    chain.push(one.raw)
  return { chain, error: socket.authorized ? undefined : describeRefusal(socket) }
}

function describeRefusal(socket: TLSSocket): string {
  const code: unknown = socket.authorizationError
  return typeof code === 'string' ? code : 'UNABLE_TO_VERIFY'
}
