import type { ConnectionFacts, Exchange } from '../../core/exchange.ts'
import type { FieldPairs } from '../../core/field-block.ts'
import { HOP_BY_HOP } from '../../core/field-syntax.ts'
import { trimOws } from '../../core/ows.ts'
import { createForwardedFields, isForwardedField } from './forwarded-fields.ts'

/** Fields that are written anew, or that the front has dealt with. */
const REPLACED = new Set([
  ...HOP_BY_HOP,
  'host',
  'content-length',
  'expect',
  'http2-settings',
  // CGI programs behind the upstream would take it for a variable of their environment.
  'proxy',
])
const WEB_SOCKET_PREFIX = 'sec-websocket-'
const VIA = '1.1 taipan'

/** Options of the fields. */
export interface RequestFieldOptions {
  /** Value of Host; undefined: that of the client. */
  readonly host: string | undefined
  /** Authority of the upstream, for clients that name no host. */
  readonly authority: string
}

interface Last {
  fields: FieldPairs
  prefix: string
  made: string[]
}

/** Makes the fields of requests to an upstream. */
export class RequestFields {
  readonly #options: RequestFieldOptions
  /** Clients repeat their fields. */
  readonly #last = new WeakMap<ConnectionFacts, Last>()

  constructor(options: RequestFieldOptions) {
    this.#options = options
  }

  /** All fields but Content-Length, in pairs. `prefix` was cut from the path. */
  create(exchange: Exchange, prefix: string): string[] {
    const fields = this.#createCommon(exchange, prefix)
    return exchange.sharesId === true ? [...fields, 'X-Request-Id', exchange.id] : fields
  }

  /** Those that do not differ for each request. */
  #createCommon(exchange: Exchange, prefix: string): string[] {
    if (exchange.identity !== undefined) return this.#make(exchange, prefix)
    const { fields } = exchange.request
    const last = this.#last.get(exchange.connection)
    if (last?.fields === fields && last.prefix === prefix) return last.made
    const made = this.#make(exchange, prefix)
    if (last === undefined) this.#last.set(exchange.connection, { fields, prefix, made })
    else Object.assign(last, { fields, prefix, made })
    return made
  }

  #make(exchange: Exchange, prefix: string): string[] {
    const { fields, host } = exchange.request
    const { authority, host: ownHost } = this.#options
    const made = ['Host', ownHost ?? (host === '' ? authority : host)]
    const named = findNamed(fields)
    if (exchange.identity?.passesAuthorization === false) named.add('authorization')
    const via: string[] = []
    for (let at = 0; at + 1 < fields.length; at += 2) {
      const name = fields[at] ?? ''
      const value = fields[at + 1] ?? ''
      const lower = name.toLowerCase()
      if (lower === 'via') via.push(value)
      else if (lower === 'x-request-id' && exchange.sharesId === true) continue
      else if (!named.has(lower) && !isReplaced(lower)) made.push(name, value)
    }
    made.push('Via', [...via, VIA].join(', '), ...createForwardedFields(exchange, prefix))
    return made
  }
}

/** Many servers take `X_Forwarded_For` for `X-Forwarded-For`. */
function isReplaced(lower: string): boolean {
  const name = lower.includes('_') ? lower.replaceAll('_', '-') : lower
  return REPLACED.has(name) || isForwardedField(name) || name.startsWith(WEB_SOCKET_PREFIX)
}

/** Names of the fields that Connection names, in lower case. */
function findNamed(fields: FieldPairs): Set<string> {
  const named = new Set<string>()
  for (let at = 0; at + 1 < fields.length; at += 2)
    if (fields[at]?.toLowerCase() === 'connection')
      for (const option of (fields[at + 1] ?? '').split(','))
        named.add(trimOws(option).toLowerCase())
  return named
}
