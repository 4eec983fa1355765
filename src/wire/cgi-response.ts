import { isFieldValue } from '../core/field-syntax.ts'
import { TaipanError } from '../core/errors.ts'
import { decodeLatin1 } from './percent.ts'

/** The head of what a CGI program prints (RFC 3875, 6). */
export interface CgiHead {
  /** Undefined: 200, or 302 with a Location. */
  readonly status: number | undefined
  /** Reason phrase; empty for the usual one. */
  readonly reason: string
  /** Field pairs without Status, in the order of the output; one character per byte. */
  readonly fields: readonly string[]
  /** Path and query of a local redirect, which only a head without anything else can be (6.2.2). */
  readonly localRedirect: string | undefined
}

/** A head, and what of the output follows it. */
export interface ParsedOutput {
  readonly head: CgiHead
  readonly body: Buffer
}

/** Longest head in bytes. */
const HEAD_LIMIT = 64 * 1024
/** Interim responses before the head of an output with a status line; more are no answer. */
const MOST_INTERIM = 16
const INTERIM = /^HTTP\/\d(?:\.\d)?[ \t]+1\d\d(?!\d)/
const STATUS = /^([1-9]\d\d)(?:[ \t]+(.*))?$/
const STATUS_LINE = /^HTTP\/\d(?:\.\d)?[ \t]+([1-9]\d\d)(?:[ \t]+(.*))?$/
const FIELD = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*(.*?)[ \t]*$/

const NOTHING = Buffer.alloc(0)

/** How an output is read. */
export interface CgiOutputOptions {
  /** It begins with a status line, as from programs with names that begin with `nph-`, and of uwsgi. */
  readonly nph: boolean
  /** A head without an empty line was cut off. Programs may end after a head, but the end of a connection says nothing. */
  readonly needsEmptyLine?: boolean
}

/** Parses the output of a CGI program piece by piece until the head is whole. */
export class CgiOutput {
  readonly #options: CgiOutputOptions
  #collected: Buffer = NOTHING
  #interim = 0

  constructor(options: CgiOutputOptions) {
    this.#options = options
  }

  /** The head, once it is whole. Throws `UPSTREAM_FAILED` for what is none. */
  take(chunk: Buffer): ParsedOutput | undefined {
    const from = Math.max(0, this.#collected.length - 2)
    this.#collected =
      from === 0 && this.#collected.length === 0 ? chunk : Buffer.concat([this.#collected, chunk])
    const end = findEnd(this.#collected, from)
    if (end === undefined && this.#collected.length <= HEAD_LIMIT) return undefined
    if (end === undefined || end.at > HEAD_LIMIT)
      throw failure(`printed header lines of more than ${HEAD_LIMIT / 1024} KiB`)
    const text = this.#collected.toString('latin1', 0, end.at)
    const body = this.#collected.subarray(end.next)
    this.#collected = NOTHING
    if (this.#options.nph && INTERIM.test(text)) return this.#skipInterim(body)
    return { head: parseHead(text, { nph: this.#options.nph, hasBody: body.length > 0 }), body }
  }

  /** The head of an output that ends without an empty line. Throws `UPSTREAM_FAILED` if it may not, or there is none. */
  end(): ParsedOutput {
    const text = this.#collected.toString('latin1').replace(/\r?\n$/, '')
    if (text === '') throw failure('printed nothing')
    if (this.#options.needsEmptyLine === true) throw failure('ended within its header lines')
    return { head: parseHead(text, { nph: this.#options.nph, hasBody: false }), body: NOTHING }
  }

  #skipInterim(rest: Buffer): ParsedOutput | undefined {
    this.#interim += 1
    if (this.#interim > MOST_INTERIM)
      throw failure(`printed more than ${MOST_INTERIM} interim responses`)
    return this.take(rest)
  }
}

/** The empty line: after LF or CRLF, or at the start. */
function findEnd(
  bytes: Buffer,
  from: number,
): { readonly at: number; readonly next: number } | undefined {
  if (bytes[0] === 10) return { at: 0, next: 1 }
  if (bytes[0] === 13 && bytes[1] === 10) return { at: 0, next: 2 }
  for (let lf = bytes.indexOf(10, from); lf !== -1; lf = bytes.indexOf(10, lf + 1)) {
    const at = bytes[lf - 1] === 13 ? lf - 1 : lf
    if (bytes[lf + 1] === 10) return { at, next: lf + 2 }
    if (bytes[lf + 1] === 13 && bytes[lf + 2] === 10) return { at, next: lf + 3 }
  }
  return undefined
}

function parseHead(
  text: string,
  { nph, hasBody }: { readonly nph: boolean; readonly hasBody: boolean },
): CgiHead {
  const lines = text === '' ? [] : text.split(/\r?\n/)
  const first = nph ? parseStatusLine(lines.shift() ?? '') : undefined
  let status = first
  const fields: string[] = []
  for (const line of lines) {
    const [, name = '', value = ''] = FIELD.exec(line) ?? []
    if (name === '') throw failure(`printed ${quote(line)} among its header lines, which is none`)
    if (name.toLowerCase() === 'status' && !nph) {
      if (status !== undefined) throw failure('printed the field Status twice')
      status = parseStatus(STATUS.exec(value), value)
    } else fields.push(name, value)
  }
  const names = fields.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase())
  checkNames(names, status !== undefined)
  const location = fields[names.indexOf('location') * 2 + 1]
  const isLocal = status === undefined && !hasBody && names.length === 1 && names[0] === 'location'
  return {
    status: status?.status,
    reason: status?.reason ?? '',
    fields,
    localRedirect: isLocal && location?.startsWith('/') === true ? location : undefined,
  }
}

/** What makes a head without Status (RFC 3875, 6.3), and the names of files in place of a body. */
const SUFFICIENT = ['content-type', 'location', 'x-sendfile', 'x-accel-redirect']

function checkNames(names: readonly string[], hasStatus: boolean): void {
  for (const name of ['content-type', 'location'])
    if (names.indexOf(name) !== names.lastIndexOf(name))
      throw failure(`printed the field ${name} twice`)
  if (!hasStatus && !SUFFICIENT.some((name) => names.includes(name)))
    throw failure('printed none of Content-Type, Location and Status in its header lines')
}

interface Status {
  readonly status: number
  readonly reason: string
}

function parseStatusLine(line: string): Status {
  return parseStatus(STATUS_LINE.exec(line), line)
}

function parseStatus(match: RegExpExecArray | null, found: string): Status {
  const [, number = '', reason = ''] = match ?? []
  const status = Number(number)
  if (status < 200 || status > 599)
    throw failure(`printed the status ${quote(found)}; it must be a number from 200 to 599`)
  if (!isFieldValue(reason))
    throw failure(`printed the status ${quote(found)}, with characters that HTTP forbids`)
  return { status, reason }
}

function quote(text: string): string {
  return JSON.stringify(decodeLatin1(text).slice(0, 80))
}

function failure(message: string): TaipanError {
  return new TaipanError('UPSTREAM_FAILED', message)
}
