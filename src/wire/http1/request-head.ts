import { TaipanError } from '../../core/errors.ts'
import type { RequestHead } from '../../core/exchange.ts'
import { FIELD_VALUE, TOKEN } from '../../core/field-syntax.ts'
import { trimOws } from '../../core/ows.ts'
import { isAuthority } from './authority.ts'
import { COLON, CR, HTAB, LF, SPACE } from './characters.ts'
import type { Http1Limits } from './limits.ts'
import { createMalformed } from './malformed.ts'
import { parseRequestLine, type RequestLine } from './request-line.ts'
import { validateTransferCoding } from './transfer-coding.ts'

/** `bodyLength` of a chunked request. */
export const CHUNKED = -1

/** A request head with its body length and connection options. */
export interface Http1Request extends RequestHead {
  readonly version: '1.0' | '1.1'
  /** Bytes of the body, 0 without one, or {@link CHUNKED}. */
  readonly bodyLength: number
  /** The connection may be reused for another request. */
  readonly keepAlive: boolean
  /** The client waits for `100 Continue` before it sends the body. */
  readonly expectsContinue: boolean
  /** A WebSocket handshake: a GET without a body and with the upgrade. */
  readonly webSocket: boolean
}

// Longer heads are not kept for comparison.
const KEPT_CHARACTERS = 4096

/**
 * Parses complete heads, one parser per connection. It keeps the header lines of the last request, because clients
 * repeat them; requests with equal lines share one frozen array of fields.
 */
export class RequestHeadParser {
  readonly #limits: Http1Limits
  /** Header lines that the following fields were parsed from; empty when they are not kept. */
  #lines = ''
  #fields: readonly string[] = []
  #repeated = false
  #host: string | undefined
  #hostIndex = -1
  #knownHost = ''
  #length = -1
  #codings: string | undefined
  #close = false
  #keepAlive = false
  #expects = false
  #upgrade = false
  #webSocket = false

  constructor(limits: Http1Limits) {
    this.#limits = limits
  }

  /** Parses `text`: latin-1, from the request line to the empty line, both included. Throws for an invalid request. */
  parse(text: string): Http1Request {
    const line = parseRequestLine(text, this.#limits.targetBytes)
    const lines = text.slice(line.end)
    if (lines !== this.#lines) this.#readLines(text, line.end, lines)
    else if (!this.#repeated) this.#share()
    return this.#createRequest(line)
  }

  #readLines(text: string, start: number, lines: string): void {
    if (lines.length - 2 > this.#limits.headerBytes) throw this.#createTooLarge()
    this.#lines = ''
    this.#repeated = false
    this.#host = undefined
    this.#hostIndex = -1
    this.#length = -1
    this.#codings = undefined
    this.#close = false
    this.#keepAlive = false
    this.#expects = false
    this.#upgrade = false
    this.#webSocket = false
    this.#fields = this.#parseFields(text, start)
    if (lines.length <= KEPT_CHARACTERS) this.#lines = lines
  }

  #share(): void {
    this.#repeated = true
    Object.freeze(this.#fields)
  }

  #parseFields(text: string, start: number): string[] {
    const fields: string[] = []
    const most = this.#limits.headerCount * 2
    const end = text.length - 2
    let at = start
    while (at < end) {
      const nameStart = at
      while (TOKEN[text.charCodeAt(at)] === 1) at++
      if (at === nameStart || text.charCodeAt(at) !== COLON)
        throw createMalformed('a header line does not begin with a name and a colon')
      const name = text.slice(nameStart, at)
      at++
      while (isBlank(text.charCodeAt(at))) at++
      const valueStart = at
      while (FIELD_VALUE[text.charCodeAt(at)] === 1) at++
      if (text.charCodeAt(at) !== CR || text.charCodeAt(at + 1) !== LF)
        throw createMalformed('a header value has a control character')
      let valueEnd = at
      while (valueEnd > valueStart && isBlank(text.charCodeAt(valueEnd - 1))) valueEnd--
      if (fields.length === most) throw this.#createTooLarge()
      const value = text.slice(valueStart, valueEnd)
      fields.push(name, value)
      this.#note(name, value, fields.length - 1)
      at += 2
    }
    return fields
  }

  /** Records the fields that framing and routing need. Comparing lengths first avoids most string comparisons. */
  #note(name: string, value: string, index: number): void {
    switch (name.length) {
      case 4:
        if (equals(name, 'host')) this.#noteHost(value, index)
        return
      case 6:
        if (equals(name, 'expect')) this.#expects ||= equals(value, '100-continue')
        return
      case 7:
        if (equals(name, 'upgrade')) this.#noteUpgrade(value)
        return
      case 10:
        if (equals(name, 'connection')) this.#noteConnection(value)
        return
      case 14:
        if (equals(name, 'content-length')) this.#noteLength(value)
        return
      case 17:
        if (equals(name, 'transfer-encoding'))
          this.#codings = this.#codings === undefined ? value : `${this.#codings},${value}`
        return
      default:
    }
  }

  #noteHost(value: string, index: number): void {
    if (this.#host !== undefined) throw createMalformed('Host is given twice')
    this.#host = value
    this.#hostIndex = index
    if (value === '' || value === this.#knownHost) return
    if (!isAuthority(value)) throw createMalformed('Host is not a host name with an optional port')
    this.#knownHost = value
  }

  #noteLength(value: string): void {
    if (this.#length >= 0) throw createMalformed('Content-Length is given twice')
    if (!/^[0-9]{1,19}$/.test(value)) throw createMalformed('Content-Length is not a number')
    this.#length = Number(value)
  }

  #noteConnection(value: string): void {
    for (const option of value.split(',')) {
      const word = trimOws(option).toLowerCase()
      if (word === 'close') this.#close = true
      else if (word === 'keep-alive') this.#keepAlive = true
      else if (word === 'upgrade') this.#upgrade = true
    }
  }

  #noteUpgrade(value: string): void {
    for (const protocol of value.split(','))
      if (trimOws(protocol).toLowerCase() === 'websocket') this.#webSocket = true
  }

  #createRequest(line: RequestLine): Http1Request {
    const { target, version, authority } = line
    if (version === '1.1' && this.#host === undefined) throw createMalformed('Host is missing')
    const bodyLength = this.#resolveBodyLength(version)
    const question = target.indexOf('?')
    return {
      method: line.method,
      target,
      path: question < 0 ? target : target.slice(0, question),
      query: question < 0 ? '' : target.slice(question + 1),
      version,
      fields: authority === undefined ? this.#fields : this.#replaceHost(authority),
      host: authority ?? this.#host ?? '',
      bodyLength,
      keepAlive: !this.#close && (version === '1.1' || this.#keepAlive),
      expectsContinue: this.#expects && version === '1.1' && bodyLength !== 0,
      webSocket: this.#webSocket && this.#asksForWebSocket(line, bodyLength),
    }
  }

  #asksForWebSocket({ method, version }: RequestLine, bodyLength: number): boolean {
    if (!this.#upgrade || method !== 'GET' || bodyLength !== 0) return false
    if (version === '1.0') throw createMalformed('HTTP/1.0 has no WebSocket')
    return true
  }

  #resolveBodyLength(version: string): number {
    if (this.#codings !== undefined) {
      if (this.#length >= 0)
        throw createMalformed('both Content-Length and Transfer-Encoding are given')
      if (version === '1.0') throw createMalformed('HTTP/1.0 has no Transfer-Encoding')
      validateTransferCoding(this.#codings)
      return CHUNKED
    }
    const most = this.#limits.body
    if (this.#length > (most === 0 ? Number.MAX_SAFE_INTEGER : most))
      throw new TaipanError('BODY_TOO_LARGE', `the body is longer than ${most} bytes`)
    return Math.max(0, this.#length)
  }

  #replaceHost(authority: string): string[] {
    if (this.#hostIndex < 0) return [...this.#fields, 'Host', authority]
    return this.#fields.with(this.#hostIndex, authority)
  }

  #createTooLarge(): TaipanError {
    const { headerBytes, headerCount } = this.#limits
    return new TaipanError(
      'FIELDS_TOO_LARGE',
      `the header has more than ${headerCount} fields or ${headerBytes} bytes`,
    )
  }
}

function isBlank(code: number): boolean {
  return code === SPACE || code === HTAB
}

function equals(text: string, lower: string): boolean {
  return (
    text.length === lower.length &&
    (text.charCodeAt(0) | 0x20) === (lower.charCodeAt(0) | 0x20) &&
    text.toLowerCase() === lower
  )
}
