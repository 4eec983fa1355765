import { TaipanError } from '../../core/errors.ts'
import type { RequestHead } from '../../core/exchange.ts'
import { FIELD_VALUE, TOKEN } from '../../core/field-syntax.ts'
import { isAuthority } from '../http1/authority.ts'
import { TARGET } from '../http1/characters.ts'
import type { Http1Limits } from '../http1/limits.ts'
import { createMalformed } from '../http1/malformed.ts'
import { isKnownMethod } from '../http1/methods.ts'

/** `bodyLength` of a request whose body only its end tells the length of. */
const UNKNOWN_LENGTH = -1

/** A request head of HTTP/2 with what it says about its body. */
export interface Http2Request extends RequestHead {
  readonly version: '2'
  /** Bytes of the body, 0 without one, or -1. */
  readonly bodyLength: number
  /** The client waits for `100 Continue` before it sends the body. */
  readonly expectsContinue: boolean
  /** An extended CONNECT for a WebSocket (RFC 8441). */
  readonly webSocket: boolean
}

/** As much of a line of HTTP/1 as is neither name nor value, so that limits mean the same in every version. */
const LINE_BYTES = 4
// Fields of one connection have no place in HTTP/2 (RFC 9113, 8.2.2).
const FORBIDDEN = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

/**
 * Parses the field lines of requests, one parser per connection. Clients repeat their fields, so requests with equal ones
 * share one frozen array, and equal requests are one object.
 */
export class Http2HeadParser {
  readonly #limits: Http1Limits
  #lines: readonly string[] = []
  #request: Http2Request | undefined
  #last: readonly string[] = []
  #pseudo: PseudoFields = new PseudoFields()
  #cookieAt = -1
  #bytes = 0

  constructor(limits: Http1Limits) {
    this.#limits = limits
  }

  /** `lines`: names and values in turn, one character per byte, the pseudo-fields first. Throws a `TaipanError` for an invalid request. */
  parse(lines: readonly string[], hasBody: boolean): Http2Request {
    if (!hasBody && this.#request !== undefined && areEqual(lines, this.#lines))
      return this.#request
    const request = this.#parse(lines, hasBody)
    this.#lines = lines
    this.#request = hasBody ? undefined : request
    return request
  }

  #parse(lines: readonly string[], hasBody: boolean): Http2Request {
    const fields = this.#readLines(lines)
    const pseudo = this.#pseudo
    const { method } = pseudo
    const webSocket = method === 'CONNECT' && pseudo.protocol === 'websocket'
    const path = this.#checkPseudo(pseudo, webSocket)
    const question = path.indexOf('?')
    return {
      // A WebSocket is asked for by GET wherever it has a method.
      method: webSocket ? 'GET' : method,
      target: path,
      path: question < 0 ? path : path.slice(0, question),
      query: question < 0 ? '' : path.slice(question + 1),
      version: '2',
      fields: this.#share(fields),
      host: pseudo.host,
      bodyLength: webSocket ? 0 : this.#resolveBodyLength(pseudo.length, hasBody),
      expectsContinue: pseudo.expects && hasBody,
      webSocket,
    }
  }

  #readLines(lines: readonly string[]): string[] {
    const pseudo = new PseudoFields()
    const fields: string[] = []
    this.#pseudo = pseudo
    this.#cookieAt = -1
    this.#bytes = 0
    for (let at = 0; at + 1 < lines.length; at += 2) {
      const name = lines[at] ?? ''
      const value = lines[at + 1] ?? ''
      if (name.charCodeAt(0) === 0x3a) pseudo.set(name, value)
      else this.#addField(fields, name, value)
    }
    const { headerBytes, headerCount } = this.#limits
    if (this.#bytes > headerBytes || this.#countLines(lines) > headerCount)
      throw new TaipanError(
        'FIELDS_TOO_LARGE',
        `the header has more than ${headerCount} fields or ${headerBytes} bytes`,
      )
    return this.#withHost(fields)
  }

  #countLines(lines: readonly string[]): number {
    return lines.length / 2 - this.#pseudo.count
  }

  #addField(fields: string[], name: string, value: string): void {
    checkName(name)
    checkValue(value)
    this.#bytes += name.length + value.length + LINE_BYTES
    if (this.#pseudo.note(name, value)) return
    if (name === 'cookie' && this.#cookieAt >= 0) {
      // RFC 9113, 8.2.3: clients divide it, so that its parts compress.
      fields[this.#cookieAt] = `${fields[this.#cookieAt] ?? ''}; ${value}`
      return
    }
    if (name === 'cookie') this.#cookieAt = fields.length + 1
    fields.push(name, value)
  }

  /** The authority takes the place of Host, which what answers knows (RFC 9113, 8.3.1). */
  #withHost(fields: string[]): string[] {
    const { host } = this.#pseudo
    if (host !== '') fields.unshift('host', host)
    return fields
  }

  #checkPseudo(pseudo: PseudoFields, webSocket: boolean): string {
    const { method, scheme, path, protocol, authority } = pseudo
    for (let at = 0; at < method.length; at++)
      if (TOKEN[method.charCodeAt(at)] !== 1) throw createMalformed('the method is no token')
    if (!webSocket && (protocol !== '' || !isKnownMethod(method)))
      throw new TaipanError('NOT_IMPLEMENTED', 'the request method is not supported')
    if (scheme !== 'http' && scheme !== 'https')
      throw createMalformed('the scheme is neither http nor https')
    if (authority !== '' && !isAuthority(authority))
      throw createMalformed('the authority is not a host name with an optional port')
    this.#checkPath(path, method)
    return path
  }

  #checkPath(path: string, method: string): void {
    const { targetBytes } = this.#limits
    if (path.length > targetBytes)
      throw new TaipanError(
        'TARGET_TOO_LONG',
        `the request target is longer than ${targetBytes} bytes`,
      )
    if (path.charCodeAt(0) !== 0x2f && !(path === '*' && method === 'OPTIONS'))
      throw createMalformed('the request target is no path')
    for (let at = 0; at < path.length; at++)
      if (TARGET[path.charCodeAt(at)] !== 1)
        throw createMalformed('the request target has a character that no path has')
  }

  #resolveBodyLength(length: number, hasBody: boolean): number {
    const most = this.#limits.body
    if (most > 0 && length > most)
      throw new TaipanError('BODY_TOO_LARGE', `the body is longer than ${most} bytes`)
    if (!hasBody && length > 0) throw createMalformed('the body is shorter than its Content-Length')
    return hasBody ? length : 0
  }

  #share(fields: string[]): readonly string[] {
    if (areEqual(this.#last, fields)) return this.#last
    return (this.#last = Object.freeze(fields))
  }
}

/** Pseudo-fields (RFC 9113, 8.3.1; RFC 8441), and the fields that framing and routing need. */
class PseudoFields {
  method = ''
  scheme = ''
  path = ''
  authority = ''
  protocol = ''
  count = 0
  length = UNKNOWN_LENGTH
  expects = false
  #hostField: string | undefined

  /** The effective authority. */
  get host(): string {
    return this.authority === '' ? (this.#hostField ?? '') : this.authority
  }

  set(name: string, value: string): void {
    this.count += 1
    switch (name) {
      case ':method':
        this.method = once(this.method, value)
        return
      case ':scheme':
        this.scheme = once(this.scheme, value)
        return
      case ':path':
        this.path = once(this.path, value)
        return
      case ':authority':
        this.authority = once(this.authority, value)
        return
      case ':protocol':
        this.protocol = once(this.protocol, value)
        return
      default:
        throw createMalformed('a pseudo-field is not known')
    }
  }

  /** True for a field that is not passed on as it is. */
  note(name: string, value: string): boolean {
    switch (name.length) {
      case 4:
        if (name !== 'host') return false
        this.#noteHost(value)
        return true
      case 6:
        if (name === 'expect') this.expects ||= value.toLowerCase() === '100-continue'
        return false
      case 14:
        if (name === 'content-length') this.#noteLength(value)
        return false
      default:
        if (FORBIDDEN.has(name)) throw createMalformed(`HTTP/2 has no field ${name}`)
        return false
    }
  }

  #noteHost(value: string): void {
    if (this.#hostField !== undefined) throw createMalformed('Host is given twice')
    if (value !== '' && !isAuthority(value))
      throw createMalformed('Host is not a host name with an optional port')
    if (this.authority !== '' && value.toLowerCase() !== this.authority.toLowerCase())
      throw createMalformed('Host differs from the authority')
    this.#hostField = value
  }

  #noteLength(value: string): void {
    if (this.length >= 0) throw createMalformed('Content-Length is given twice')
    if (!/^[0-9]{1,19}$/.test(value)) throw createMalformed('Content-Length is not a number')
    this.length = Math.min(Number(value), Number.MAX_SAFE_INTEGER)
  }
}

function areEqual(one: readonly string[], other: readonly string[]): boolean {
  if (one.length !== other.length) return false
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false
  return true
}

function once(earlier: string, value: string): string {
  if (earlier !== '') throw createMalformed('a pseudo-field is given twice')
  if (value === '') throw createMalformed('a pseudo-field is empty')
  return value
}

function checkName(name: string): void {
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at)
    if (TOKEN[code] !== 1 || (code >= 0x41 && code <= 0x5a))
      throw createMalformed('the name of a field is no token in lower case')
  }
  if (name === '') throw createMalformed('the name of a field is empty')
}

function checkValue(value: string): void {
  for (let at = 0; at < value.length; at++)
    if (FIELD_VALUE[value.charCodeAt(at)] !== 1)
      throw createMalformed('a header value has a control character')
}
