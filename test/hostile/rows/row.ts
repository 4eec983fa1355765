import type { Bytes } from '../../support/raw-client.ts'

/** What the recording application saw of a request. */
export interface Seen {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly protocol: string
  readonly host: string | null
  readonly headers: Readonly<Record<string, string>>
  readonly uri: string | null
  readonly server: string
  /** Bytes read from `wsgi.input`; null if reading failed or was not tried. */
  readonly length: number | null
  readonly body: string | null
  readonly error: string | null
}

/** A raw request with its expected result. */
export interface Row {
  readonly name: string
  /** Sent in one piece, or piece by piece. */
  readonly bytes: Bytes | readonly Bytes[]
  /** Permitted statuses of each final answer, in order. */
  readonly answers: readonly (readonly number[])[]
  /** The server closes, and the last answer has Connection: close. */
  readonly closes: boolean
  /** Permitted numbers of requests that the application has seen. */
  readonly seen: readonly number[]
  /** Methods of the requests, if the framing of an answer depends on them. */
  readonly methods?: readonly string[]
  /** What the client does after sending. */
  readonly leaving?: 'half-close' | 'leave' | 'reset'
  /** The body was broken: the application must not have read its end. */
  readonly broken?: boolean
  /** Closing and keeping are both correct: only the answers and the requests count. */
  readonly eitherWay?: boolean
  /** Another check of what the application saw. */
  readonly check?: (seen: readonly Seen[]) => void
  /** Too much is sent for an orderly end: a reset after the answer is permitted. */
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

/** A chunked POST with an encoded body. */
export function chunked(body: string, target = '/first'): string {
  return post('Transfer-Encoding: chunked\r\n', body, target)
}

/** Exactly one answer with `Connection: close`, without a call of the application. */
export function refused(
  name: string,
  bytes: Row['bytes'],
  statuses: readonly number[] = [400],
  more: More = {},
): Row {
  return { name, bytes, answers: [statuses], closes: true, seen: [0], ...more }
}

/** A body that breaks HTTP: one refusal; the application may have begun, but never sees an end of the body. */
export function brokenBody(
  name: string,
  bytes: Row['bytes'],
  statuses: readonly number[] = [400],
  more: More = {},
): Row {
  return { ...refused(name, bytes, statuses, more), seen: [0, 1], broken: true }
}

/** One request, answered with 200 on a connection that stays open. */
export function accepted(name: string, bytes: Row['bytes'], more: More = {}): Row {
  return { name, bytes, answers: [[200]], closes: false, seen: [1], ...more }
}

/** Accepting and refusing are both correct. */
export function either(
  name: string,
  bytes: Row['bytes'],
  statuses: readonly number[] = [200, 400],
  more: More = {},
): Row {
  return { name, bytes, answers: [statuses], closes: false, eitherWay: true, seen: [0, 1], ...more }
}
