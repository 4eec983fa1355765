import { connect, type ClientHttp2Session } from 'node:http2'

import { DEADLINE } from './deadlines.ts'
import { toBuffer, type RawRequest } from './raw-client.ts'
import type { RawResponse } from './raw-response.ts'

/** One request over a connection of HTTP/2 of its own, by Node's client. */
export async function fetchHttp2(
  url: string,
  request: RawRequest | string = {},
): Promise<RawResponse> {
  const session = connect(url)
  session.on('error', () => {})
  try {
    return await requestHttp2(session, request)
  } finally {
    session.destroy()
  }
}

/** One request of a session. */
export function requestHttp2(
  session: ClientHttp2Session,
  request: RawRequest | string = {},
): Promise<RawResponse> {
  const {
    method = 'GET',
    target = '/',
    headers = [],
    body,
    chunks,
  } = typeof request === 'string' ? { target: request } : request
  const fields: Record<string, string | string[]> = {
    ':method': method,
    ':path': target,
    ':authority': 'taipan.test',
  }
  for (const [name, value] of headers) addField(fields, name.toLowerCase(), value)
  if (body !== undefined) fields['content-length'] = String(toBuffer(body).length)
  const pieces = body === undefined ? (chunks ?? []) : [body]
  const endStream = body === undefined && chunks === undefined
  const stream = session.request(fields, { endStream })
  if (!endStream) {
    for (const piece of pieces) stream.write(toBuffer(piece))
    stream.end()
  }
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`no answer to ${target}`)), DEADLINE)
    const parts: Buffer[] = []
    const interim: number[] = []
    let head: readonly string[] = []
    let trailers: readonly string[] = []
    let ended = false
    stream.on('error', () => {})
    stream.on('headers', (one) => interim.push(Number(one[':status'])))
    stream.on(
      'response',
      (_fields: unknown, _flags: unknown, lines: unknown) => (head = toTexts(lines)),
    )
    stream.on(
      'trailers',
      (_fields: unknown, _flags: unknown, lines: unknown) => (trailers = toTexts(lines)),
    )
    stream.on('data', (chunk: Buffer) => parts.push(chunk))
    stream.on('end', () => (ended = true))
    stream.on('close', () => {
      clearTimeout(late)
      const whole = { head, trailers, interim, body: Buffer.concat(parts) }
      resolve(toResponse(whole, ended && stream.rstCode === 0))
    })
  })
}

function addField(fields: Record<string, string | string[]>, name: string, value: string): void {
  if (name === 'connection') return
  if (name === 'host') {
    fields[':authority'] = value
    return
  }
  const before = fields[name]
  if (before === undefined) fields[name] = value
  else fields[name] = [before, value].flat()
}

interface Whole {
  readonly head: readonly string[]
  readonly trailers: readonly string[]
  readonly interim: readonly number[]
  readonly body: Buffer
}

function toResponse({ head, trailers, interim, body }: Whole, complete: boolean): RawResponse {
  const fields = toPairs(head)
  const headers = (name: string): string[] =>
    fields.filter(([known]) => known === name.toLowerCase()).map(([, value]) => value)
  return {
    version: '2',
    status: Number(headers(':status')[0] ?? 0),
    reason: '',
    fields,
    body,
    text: body.toString('latin1'),
    framing: 'none',
    complete,
    trailers: toPairs(trailers),
    interim,
    header: (name) => headers(name)[0],
    headers,
  }
}

function toPairs(lines: readonly string[]): (readonly [string, string])[] {
  return lines.flatMap((name, at) => (at % 2 === 0 ? [[name, lines[at + 1] ?? ''] as const] : []))
}

function toTexts(lines: unknown): readonly string[] {
  return Array.isArray(lines) ? lines.map(String) : []
}
