import type { Bytes } from '../../support/raw-client.ts'

/** What the recording application noted about one request. */
export interface Seen {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly protocol: string
  readonly host: string | null
  readonly headers: Readonly<Record<string, string>>
  readonly uri: string | null
  readonly server: string
  /** Bytes read from `wsgi.input`; null when reading failed or was not tried. */
  readonly length: number | null
  readonly body: string | null
  readonly error: string | null
}

/** One raw request with what has to come of it. */
export interface Row {
  readonly name: string
  /** Sent in one piece, or piece by piece. */
  readonly bytes: Bytes | readonly Bytes[]
  /** Permitted statuses of each final answer, in order. */
  readonly answers: readonly (readonly number[])[]
  /** The server closes, and the last answer says so. */
  readonly closes: boolean
  /** The application may have seen this many requests. */
  readonly seen: readonly number[]
  /** Methods of the requests, where an answer's framing depends on them. */
  readonly methods?: readonly string[]
  /** What the client does after sending. */
  readonly leaving?: 'half-close' | 'leave' | 'reset'
  /** The body was broken: the application must not have read it to its end. */
  readonly broken?: boolean
  /** Neither closing nor keeping is wrong: only the answers and what was seen count. */
  readonly eitherWay?: boolean
  /** A further look at what the application saw. */
  readonly check?: (seen: readonly Seen[]) => void
  /** Too much is sent for the end to be orderly in any case: a reset behind the answer is permitted. */
  readonly bulky?: boolean
}

type More = Partial<Omit<Row, 'name' | 'bytes'>>

export const HOST = 'Host: taipan.test\r\n'
export const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: taipan.test\r\n\r\n'

/** Head of a GET with further header lines, each with its line end. */
export function get(lines = '', target = '/first'): string {
  return `GET ${target} HTTP/1.1\r\n${HOST}${lines}\r\n`
}

/** A POST with header lines (each with its line end) and body bytes. */
export function post(lines: string, body = '', target = '/first'): string {
  return `POST ${target} HTTP/1.1\r\n${HOST}${lines}\r\n${body}`
}

/** A chunked POST whose framed body is given whole. */
export function chunked(body: string, target = '/first'): string {
  return post('Transfer-Encoding: chunked\r\n', body, target)
}

/** Exactly one answer that says `Connection: close`, and the application never hears of it. */
export function refused(
  name: string,
  bytes: Row['bytes'],
  statuses: readonly number[] = [400],
  more: More = {},
): Row {
  return { name, bytes, answers: [statuses], closes: true, seen: [0], ...more }
}

/** A body that breaks HTTP: one refusal; the application may have begun, but never sees an end. */
export function brokenBody(
  name: string,
  bytes: Row['bytes'],
  statuses: readonly number[] = [400],
  more: More = {},
): Row {
  return { ...refused(name, bytes, statuses, more), seen: [0, 1], broken: true }
}

/** One request, answered 200, and the connection goes on. */
export function accepted(name: string, bytes: Row['bytes'], more: More = {}): Row {
  return { name, bytes, answers: [[200]], closes: false, seen: [1], ...more }
}

/** Taking it and refusing it are both right, but nothing in between. */
export function either(
  name: string,
  bytes: Row['bytes'],
  statuses: readonly number[] = [200, 400],
  more: More = {},
): Row {
  return { name, bytes, answers: [statuses], closes: false, eitherWay: true, seen: [0, 1], ...more }
}
