import type { ConnectPlace } from '../../streams/net/net-connector.ts'

/** Protocols of addresses. */
export const PROTOCOLS = ['fastcgi', 'scgi', 'uwsgi', 'http', 'https'] as const

/** Name of a protocol. */
export type Protocol = (typeof PROTOCOLS)[number]

/** Where an upstream answers, and how it is spoken to. Plain data. */
export interface UpstreamAddress {
  /** As it was written. */
  readonly url: string
  readonly protocol: Protocol
  readonly place: ConnectPlace
}

const DEFAULT_PORTS: Readonly<Partial<Record<Protocol, number>>> = { http: 80, https: 443 }
const LARGEST_PORT = 65_535
const EXAMPLE = 'fastcgi://127.0.0.1:9000'

/** Parses `fastcgi://host:port`, `fastcgi+unix:PATH` and those of the other protocols; returns a message if the text is invalid. */
export function parseUpstreamAddress(url: string): UpstreamAddress | string {
  const [, scheme = '', unix, rest = ''] = /^([a-z]+)(\+unix)?:(.*)$/is.exec(url) ?? []
  const protocol = PROTOCOLS.find((one) => one === scheme.toLowerCase())
  if (protocol === undefined)
    return `it begins with one of ${PROTOCOLS.map((one) => `${one}:`).join(', ')}, as in ${EXAMPLE}`
  const place = unix === undefined ? parseHost(protocol, rest) : parseSocket(protocol, rest)
  return typeof place === 'string' ? place : { url, protocol, place }
}

function parseSocket(protocol: Protocol, path: string): ConnectPlace | string {
  if (protocol === 'https') return 'https has no Unix sockets; write http+unix:PATH'
  const clean = path.startsWith('//') ? path.slice(2) : path
  if (clean === '' || clean.includes('\0'))
    return `it needs the path of a socket, as in ${protocol}+unix:/run/app.sock`
  return { kind: 'unix', path: clean }
}

function parseHost(protocol: Protocol, rest: string): ConnectPlace | string {
  const example = `${protocol}://127.0.0.1:9000`
  const [, v6, name, digits] =
    /^\/\/(?:\[([\da-f:.]+(?:%[\w.-]+)?)\]|([^[\]:/\s@?#]+))(?::(\d{1,5}))?\/?$/i.exec(rest) ?? []
  const host = v6 ?? name
  if (rest.includes('@')) return `it has a user, which no address has; write one like ${example}`
  if (host === undefined)
    return /^\/\/[^/?#]+[/?#]./.test(rest)
      ? `it has a path, which no address has; write ${protocol}:${rest.replace(/^(\/\/[^/?#]+).*$/s, '$1')}`
      : `it needs a host and a port, as in ${example}`
  if (name !== undefined && !URL.canParse(`http://${name}`))
    return `${JSON.stringify(name)} is no host name, as in ${example}`
  const port = digits === undefined ? DEFAULT_PORTS[protocol] : Number(digits)
  if (port === undefined) return `the port is missing, as in ${example}`
  return port >= 1 && port <= LARGEST_PORT
    ? { kind: 'tcp', host, port }
    : `ports are numbers from 1 to ${LARGEST_PORT}`
}
