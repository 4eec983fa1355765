import { TaipanError } from '../../core/errors.ts'
import { TOKEN } from '../../core/field-syntax.ts'
import { isAuthority } from './authority.ts'
import { SPACE, TARGET } from './characters.ts'
import { createMalformed } from './malformed.ts'
import { isKnownMethod } from './methods.ts'

/** A parsed request line. */
export interface RequestLine {
  readonly method: string
  /** Origin-form or `*`. */
  readonly target: string
  readonly version: '1.0' | '1.1'
  /** Authority of an absolute-form target; undefined for the other forms. */
  readonly authority: string | undefined
  /** Index after the line's CRLF. */
  readonly end: number
}

/** Parses the request line at the start of `text` (latin-1, with its CRLF). Throws for an invalid line. */
export function parseRequestLine(text: string, targetBytes: number): RequestLine {
  let at = 0
  while (TOKEN[text.charCodeAt(at)] === 1) at++
  if (at === 0 || text.charCodeAt(at) !== SPACE)
    throw createMalformed('the request does not begin with a method and a space')
  const method = text.slice(0, at)
  const start = at + 1
  at = start
  while (TARGET[text.charCodeAt(at)] === 1) at++
  if (at === start || text.charCodeAt(at) !== SPACE)
    throw createMalformed('the request line has no valid target and version')
  if (at - start > targetBytes)
    throw new TaipanError(
      'TARGET_TOO_LONG',
      `the request target is longer than ${targetBytes} bytes`,
    )
  const version = parseVersion(text, at + 1)
  if (!isKnownMethod(method))
    throw new TaipanError('NOT_IMPLEMENTED', 'the request method is not supported')
  const end = at + 11
  const target = text.slice(start, at)
  if (target.charCodeAt(0) === 0x2f) return { method, target, version, authority: undefined, end }
  return { ...resolveTarget(method, target), method, version, end }
}

function parseVersion(text: string, at: number): '1.0' | '1.1' {
  if (text.startsWith('HTTP/1.1\r\n', at)) return '1.1'
  if (text.startsWith('HTTP/1.0\r\n', at)) return '1.0'
  const found = /^HTTP\/([0-9])\.[0-9]\r\n$/.exec(text.slice(at, at + 10))
  if (found !== null && found[1] !== '0')
    throw new TaipanError('VERSION_NOT_SUPPORTED', 'only HTTP/1.0 and HTTP/1.1 are supported')
  throw createMalformed('the request line does not end with an HTTP version')
}

const ABSOLUTE_FORM = /^https?:\/\/([^/?]+)(.*)$/is

function resolveTarget(
  method: string,
  target: string,
): { readonly target: string; readonly authority: string | undefined } {
  if (target === '*' && method === 'OPTIONS') return { target, authority: undefined }
  const found = ABSOLUTE_FORM.exec(target)
  const authority = found?.[1]
  if (authority === undefined || !isAuthority(authority))
    throw createMalformed('the request target is neither a path nor an http URL')
  const rest = found?.[2] ?? ''
  if (rest.startsWith('/')) return { target: rest, authority }
  // RFC 9112, 3.2.4: OPTIONS with an absolute-form target without a path means the whole server.
  if (rest === '' && method === 'OPTIONS') return { target: '*', authority }
  return { target: `/${rest}`, authority }
}
