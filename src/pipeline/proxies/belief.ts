import { trimOws } from '../../core/ows.ts'
import { parseForwarded } from '../../wire/forwarded.ts'
import { parseNode } from '../../wire/forwarded-node.ts'
import { isAuthority } from '../../wire/http1/authority.ts'
import type { ProxyHeader } from './header-names.ts'
import { findClient } from './hops.ts'

/** What proxies have told of a request. */
export interface Belief {
  /** The client, then the proxies between it and the peer. */
  readonly client?: readonly string[]
  readonly scheme?: 'http' | 'https'
  readonly host?: string
  readonly server?: string
  readonly port?: string
  /** SCRIPT_NAME, without a trailing slash. */
  readonly mount?: string
  readonly id?: string
}

/** What one field tells, and what is left of it. */
export interface Reading {
  readonly belief: Belief
  readonly value: string
}

/** What helps to read a field. */
export interface ReadingContext {
  readonly isTrusted: (address: string) => boolean
  /** How many proxies have noted whom they had their request from, as far as they are believed; at least 1. */
  readonly hops: number
}

/** Reads the values of a field that came from a trusted proxy; undefined if they tell nothing. */
export function readHeader(
  header: ProxyHeader,
  values: readonly string[],
  context: ReadingContext,
): Reading | undefined {
  return READERS[header](values, context)
}

type Reader = (values: readonly string[], context: ReadingContext) => Reading | undefined

const READERS: Readonly<Record<ProxyHeader, Reader>> = {
  Forwarded: readForwarded,
  'X-Forwarded-For': readForwardedFor,
  'X-Client-IP': readAddress,
  'X-Real-IP': readAddress,
  'X-Forwarded-Proto': readScheme,
  'X-Forwarded-Scheme': readScheme,
  'X-Scheme': readScheme,
  'X-Forwarded-HTTPS': readSwitch,
  'X-Forwarded-SSL': readSwitch,
  'X-HTTPS': readSwitch,
  'X-Forwarded-Host': (values, { hops }) => {
    const host = pick(values, hops)
    return isHost(host) ? { belief: { host }, value: host } : undefined
  },
  'X-Host': (values, { hops }) => {
    const host = pick(values, hops)
    return isHost(host) ? { belief: { host }, value: host } : undefined
  },
  'X-Forwarded-Server': (values, { hops }) => {
    const server = pick(values, hops)
    return isHost(server) ? { belief: { server }, value: server } : undefined
  },
  'X-Forwarded-Port': (values, { hops }) => {
    const port = pick(values, hops)
    const isPort = /^[1-9]\d{0,4}$/.test(port) && Number(port) <= 65_535
    return isPort ? { belief: { port }, value: port } : undefined
  },
  'X-Script-Name': readMount,
  'X-Forwarded-Script-Name': readMount,
  'X-Request-Id': (values) => {
    const [id = '', ...others] = values
    return others.length === 0 && REQUEST_ID.test(id) ? { belief: { id }, value: id } : undefined
  },
}

/** What may stand in logs and fields without a thought. */
const REQUEST_ID = /^[\w.~+/=:@-]{1,128}$/

function readForwardedFor(
  values: readonly string[],
  { isTrusted }: ReadingContext,
): Reading | undefined {
  const entries = splitList(values)
  const found = findClient(entries.length, (index) => parseNode(entries[index] ?? ''), isTrusted)
  if (found === undefined) return undefined
  return { belief: { client: found.addresses }, value: found.addresses.join(', ') }
}

/** Scheme and host come from the proxy that has named the client. */
function readForwarded(
  values: readonly string[],
  { isTrusted }: ReadingContext,
): Reading | undefined {
  const elements = parseForwarded(values.join(','))
  if (elements === undefined || elements.length === 0) return undefined
  const found = findClient(
    elements.length,
    (index) => parseNode(elements[index]?.parameters.get('for') ?? ''),
    isTrusted,
  )
  // The nearest proxy may hide from whom it had the request, and tell the rest.
  const index = found?.index ?? elements.length - 1
  const parameters = elements[index]?.parameters
  const scheme = toScheme(parameters?.get('proto') ?? '')
  const host = parameters?.get('host') ?? ''
  return {
    belief: {
      ...(found !== undefined && { client: found.addresses }),
      ...(scheme !== undefined && { scheme }),
      ...(isHost(host) && { host }),
    },
    value: elements
      .slice(index)
      .map(({ text }) => text)
      .join(', '),
  }
}

function readAddress(values: readonly string[]): Reading | undefined {
  const address = values.length === 1 ? parseNode(trimOws(values[0] ?? '')) : undefined
  return address === undefined ? undefined : { belief: { client: [address] }, value: address }
}

function readScheme(values: readonly string[], { hops }: ReadingContext): Reading | undefined {
  const scheme = toScheme(pick(values, hops))
  return scheme === undefined ? undefined : { belief: { scheme }, value: scheme }
}

function readSwitch(values: readonly string[], { hops }: ReadingContext): Reading | undefined {
  const value = pick(values, hops)
  if (/^(?:on|true|1)$/i.test(value)) return { belief: { scheme: 'https' }, value }
  return /^(?:off|false|0)$/i.test(value) ? { belief: { scheme: 'http' }, value } : undefined
}

function readMount(values: readonly string[]): Reading | undefined {
  const [value = '', ...others] = values
  if (others.length > 0 || !/^(?:\/(?!\.{1,2}(?:\/|$))[^\s/?#]+)*\/?$/.test(value)) return undefined
  return { belief: { mount: value.replace(/\/$/, '') }, value }
}

function toScheme(text: string): 'http' | 'https' | undefined {
  const scheme = text.toLowerCase()
  // Some proxies name those of WebSockets.
  if (scheme === 'https' || scheme === 'wss') return 'https'
  return scheme === 'http' || scheme === 'ws' ? 'http' : undefined
}

function isHost(text: string): boolean {
  return text !== '' && isAuthority(text)
}

/** Where each proxy adds its own value, that of the one which has named the client; the first one where there are fewer. */
function pick(values: readonly string[], hops: number): string {
  const list = splitList(values)
  return list.at(-Math.min(hops, list.length)) ?? ''
}

function splitList(values: readonly string[]): string[] {
  return values
    .join(',')
    .split(',')
    .map((entry) => trimOws(entry))
    .filter((entry) => entry !== '')
}
