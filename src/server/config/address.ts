import type { SocketOwner } from '../../streams/listening/own-socket.ts'
import { TaipanError } from '../../core/errors.ts'
import { parseSettings, splitSettings, type AddressSettings } from './address-settings.ts'

/** What servers in front speak. */
type DoorProtocol = 'fastcgi' | 'scgi' | 'uwsgi'

/** Where to listen, and for which protocol; none is HTTP, which `secure` puts into TLS. */
export type Address = Place &
  Pick<AddressSettings, 'proxyProtocol'> & {
    readonly protocol?: DoorProtocol
    readonly secure?: boolean
  }

type Place = Pick<AddressSettings, 'backlog'> &
  (
    | ({ readonly kind: 'tcp'; readonly host: string; readonly port: number } & Pick<
        AddressSettings,
        'reusePort'
      >)
    | ({ readonly kind: 'unix'; readonly path: string } & Pick<
        AddressSettings,
        'mode' | 'user' | 'group'
      > & {
          /** The numbers of user and group. */
          readonly owner?: SocketOwner | undefined
        })
    | { readonly kind: 'fd'; readonly fd: number }
  )

const ANY_HOST = '0.0.0.0'
const MAX_PORT = 65_535

/** Completes a port without host: `8000` means this machine only, as for `runserver`; `:8000` and `*:8000` mean every interface. */
export function expandAddress(text: string): string | undefined {
  const [, host, port, rest = ''] = /^(:|\*:)?(\d{1,5})(\?.*)?$/s.exec(text) ?? []
  if (port === undefined) return undefined
  return `${host === undefined ? '127.0.0.1' : ANY_HOST}:${port}${rest}`
}

/** Whether a text is the number of a port. */
export function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) <= MAX_PORT
}

/** The error for a port that is none. */
export function createPortError(source: string, text: string): TaipanError {
  const found = JSON.stringify(text)
  return new TaipanError(
    'USAGE',
    `${source}: expected a port from 0 to ${MAX_PORT}, found ${found}`,
  )
}

/**
 * Parses `host:port`, `[ipv6]:port`, `unix:PATH` or `fd:N` for HTTP, and `fastcgi://host:port`, `fastcgi+unix:PATH` or
 * `fastcgi+fd:N` and the like for servers in front, and for HTTP in TLS (`https`); settings stand behind `?`, as in
 * `unix:PATH?mode=660`. Returns a message if the text is invalid.
 */
export function parseAddress(text: string): Address | string {
  const { bare, pairs } = splitSettings(text)
  const address = parseBare(bare)
  if (typeof address === 'string') return address
  const settings = parseSettings(pairs, address.kind)
  return typeof settings === 'string' ? settings : { ...address, ...settings }
}

function parseBare(text: string): Address | string {
  const [, name = '', separator, rest = ''] = SCHEME.exec(text) ?? []
  const spoken = SCHEMES.get(name.toLowerCase())
  if (spoken === undefined) return parseBarePlace(text)
  if (separator === '+') return complete(parseBarePlace(rest, 'protocol' in spoken ? 0 : 3), spoken)
  const place = parseHostPort(expandAddress(rest) ?? rest.replace(/\/$/, ''))
  return place === undefined
    ? `expected ${name}://host:port, ${name}+unix:PATH or ${name}+fd:N`
    : complete(place, spoken)
}

const SCHEME = /^(\w+)(:\/\/|\+(?=unix:|fd:))(.*)$/s

/** Whether other machines may connect to what only a server in front should reach. */
export function isOpenDoor(address: Address): boolean {
  if (address.protocol === undefined || address.kind !== 'tcp') return false
  return !isLoopback(address.host)
}

/** Whether only this machine reaches a host. */
export function isLoopback(host: string): boolean {
  return /^(?:127(?:\.\d{1,3}){3}|::1|localhost)$/i.test(host)
}

const DOORS: readonly DoorProtocol[] = ['fastcgi', 'scgi', 'uwsgi']

type Spoken = Pick<Address, 'protocol' | 'secure'>

/** `secure: false` says that the address stays plain, whatever the others are. */
const SCHEMES: ReadonlyMap<string, Spoken> = new Map<string, Spoken>([
  ['https', { secure: true }],
  ['http', { secure: false }],
  ...DOORS.map((protocol) => [protocol, { protocol }] as const),
])

function complete(place: Place | string, spoken: Spoken): Address | string {
  return typeof place === 'string' ? place : { ...place, ...spoken }
}

/** Parses an address without a protocol, and with the settings of a socket alone; returns a message if the text is invalid. */
export function parsePlace(text: string): Place | string {
  const { bare, pairs } = splitSettings(text)
  const place = parseBarePlace(bare)
  if (typeof place === 'string') return place
  const settings = parseSettings(pairs, place.kind, ['proxyProtocol'])
  return typeof settings === 'string' ? settings : { ...place, ...settings }
}

/** Descriptors begin with `firstDescriptor`. */
function parseBarePlace(text: string, firstDescriptor = 3): Place | string {
  if (text.startsWith('unix:')) return parseSocket(text.slice('unix:'.length))
  if (text.startsWith('fd:')) return parseDescriptor(text.slice('fd:'.length), firstDescriptor)
  return parseHostPort(text) ?? describeWrong(text)
}

function parseHostPort(text: string): Place | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+(?:%[\w.-]+)?)\]|([^[\]:/\s@?#]+)):(\d{1,5})$/.exec(text)
  if (match === null || !isPort(match[3] ?? '')) return undefined
  return { kind: 'tcp', host: match[1] ?? match[2] ?? '', port: Number(match[3]) }
}

function parseSocket(path: string): Place | string {
  return path === '' || path.includes('\0')
    ? 'unix: needs the path of a socket, as in unix:/run/taipan.sock'
    : { kind: 'unix', path }
}

/** Standard input is a socket only where a server in front has made it one; logs go to the other two. */
function parseDescriptor(text: string, first: number): Place | string {
  const fd = Number(text)
  const isFree = fd > 2 || fd === first
  return /^\d{1,7}$/.test(text) && isFree
    ? { kind: 'fd', fd }
    : `fd: needs the number of an inherited listening socket, from 3 on${first === 0 ? ', or 0' : ''}`
}

function describeWrong(text: string): string {
  const [, port] = /^(?:.*:)?(\d+)$/.exec(text) ?? []
  if (port !== undefined && !isPort(port)) return `ports end at ${MAX_PORT}`
  const [, host] = /^(?:https?|tcp|lrwp|fastcgi|scgi|uwsgi):\/\/([^/]+)\/?$/i.exec(text) ?? []
  if (host !== undefined) return `write it without the scheme: ${host}`
  if (/^[^:]*\/|^[^:]*\.sock$/.test(text)) return `for a socket write unix:${text}`
  if (/^[\w.-]+$|^\[[\da-f:.]+\]$/i.test(text)) return `the port is missing; write ${text}:8000`
  if (/^[\da-f.]*:[\da-f.]*:[\da-f:.]*$/i.test(text))
    return 'IPv6 addresses have brackets and a port, as in [::1]:8000'
  const [, scheme] = /^([\w+.-]+):\/\//.exec(text) ?? []
  if (scheme !== undefined)
    return `${scheme} is not spoken; the protocols are ${[...SCHEMES.keys()].join(', ')}`
  return 'expected host:port, [ipv6]:port, unix:PATH or fd:N, or an address such as fastcgi://host:port'
}
