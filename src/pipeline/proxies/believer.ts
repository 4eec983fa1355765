import type { ConnectionFacts, RequestHead } from '../../core/exchange.ts'
import type { FieldPairs } from '../../core/field-block.ts'
import { readHeader, type Belief } from './belief.ts'
import { findProxyHeader, listCategories, type Category, type ProxyHeader } from './header-names.ts'
import type { Trust } from './trust.ts'

/** Which proxies are believed, and in what. */
export interface BelieverOptions {
  readonly trust: Trust
  readonly headers: readonly ProxyHeader[]
}

/** A request as its proxies tell of it. */
export interface Believed {
  readonly fields: FieldPairs
  readonly connection: ConnectionFacts
  readonly belief: Belief
}

/** Believes what trusted proxies tell, and takes out what others say. */
export class Believer {
  readonly #trust: Trust
  /** In the order in which they count: those that tell the client come first, because they tell how many proxies there are. */
  readonly #headers: readonly ProxyHeader[]
  /** Those that reach nobody behind, unless they are believed. */
  readonly #covered: ReadonlySet<Category>

  constructor({ trust, headers }: BelieverOptions) {
    this.#trust = trust
    this.#headers = [
      ...headers.filter(tellsClient),
      ...headers.filter((header) => !tellsClient(header)),
    ]
    this.#covered = new Set(headers.flatMap((header) => listCategories(header)))
  }

  /** What of the request is to be believed. */
  believe(connection: ConnectionFacts, request: RequestHead): Believed {
    const { others, values } = this.#sort(request.fields)
    if (others.length === request.fields.length)
      return { fields: request.fields, connection, belief: {} }
    if (!this.#trust.hasPeer(connection)) return { fields: others, connection, belief: {} }
    const { belief, kept } = this.#read(values)
    const { host } = belief
    const fields = [...(host === undefined ? others : replaceHost(others, host)), ...kept]
    return { fields, connection: changeConnection(connection, belief), belief }
  }

  /** Whether the peer is believed. */
  trusts(connection: ConnectionFacts): boolean {
    return this.#trust.hasPeer(connection)
  }

  /** Divides the fields into those that proxies tell something by, and all others. */
  #sort(fields: FieldPairs) {
    const others: string[] = []
    const values = new Map<ProxyHeader, string[]>()
    for (let at = 0; at + 1 < fields.length; at += 2) {
      const [name = '', value = ''] = [fields[at], fields[at + 1]]
      const header = findProxyHeader(name)
      if (header === undefined || !this.#covers(header)) others.push(name, value)
      // Proxies do not know it for theirs, so a client may have sent it through them.
      else if (!name.includes('_')) values.set(header, [...(values.get(header) ?? []), value])
    }
    return { others, values }
  }

  #covers(header: ProxyHeader): boolean {
    return listCategories(header).some((category) => this.#covered.has(category))
  }

  /** The first field that tells something of a category counts for it. */
  #read(values: ReadonlyMap<ProxyHeader, readonly string[]>) {
    let belief: Belief = {}
    const kept: string[] = []
    for (const header of this.#headers) {
      const given = values.get(header)
      if (given === undefined) continue
      const isTrusted = (address: string): boolean => this.#trust.hasAddress(address)
      const hops = belief.client?.length ?? 1
      const reading = readHeader(header, given, { isTrusted, hops })
      if (reading === undefined || isKnown(reading.belief, belief)) continue
      belief = { ...reading.belief, ...belief }
      kept.push(header, reading.value)
    }
    return { belief, kept }
  }
}

function tellsClient(header: ProxyHeader): boolean {
  return listCategories(header).includes('client')
}

/** Whether a belief adds nothing to another one. */
function isKnown(added: Belief, known: Belief): boolean {
  return Object.keys(added).every((key) => Object.hasOwn(known, key))
}

function replaceHost(fields: FieldPairs, host: string): FieldPairs {
  return fields.map((text, at) =>
    fields[at - 1]?.toLowerCase() === 'host' && at % 2 === 1 ? host : text,
  )
}

function changeConnection(
  connection: ConnectionFacts,
  { client, scheme, server, port }: Belief,
): ConnectionFacts {
  const isChanged = [client, scheme, server, port].some((value) => value !== undefined)
  if (!isChanged) return connection
  const [remoteAddress, ...between] = client ?? []
  const peer = connection.remoteAddress
  // What was settled with the proxy says nothing of its client, least of all who that is.
  const isOfProxy = client !== undefined || scheme !== undefined
  return {
    ...connection,
    ...(isOfProxy && { tls: undefined }),
    ...(scheme !== undefined && { scheme }),
    ...(server !== undefined && nameServer(server, connection, scheme)),
    ...(port !== undefined && { localPort: port }),
    ...(remoteAddress !== undefined && {
      remoteAddress,
      // That of the proxy would be a wrong one.
      remotePort: '',
      via: peer === '' ? between : [...between, peer],
    }),
  }
}

/** A Unix socket has no port of its own. */
function nameServer(
  server: string,
  connection: ConnectionFacts,
  scheme: Belief['scheme'] = connection.scheme,
): Partial<ConnectionFacts> {
  const localPort = connection.localPort || (scheme === 'https' ? '443' : '80')
  return { localAddress: server, localPort, localPath: '' }
}
