import { connect, type Socket } from 'node:net'

import {
  ChunkProgress,
  parseResponse,
  ResponseSyntaxError,
  type RawResponse,
} from './raw-response.ts'
import { DEADLINE } from './deadlines.ts'

export type { RawResponse } from './raw-response.ts'

/** Address to connect to: a `http://host:port` URL, the path of a Unix socket, or a host, perhaps from an address of this machine. */
export type Address =
  | string
  | { readonly path: string }
  | { readonly host: string; readonly port: number; readonly localAddress?: string }

/** Bytes in a test: strings hold one character per byte (latin-1). */
export type Bytes = string | Uint8Array

/** A TCP or Unix connection without the automatic behaviour of HTTP libraries. */
export class RawConnection {
  readonly socket: Socket
  /** The server has closed its side, or the connection was reset. */
  ended = false
  /** Set when the connection broke instead of ending. */
  error: Error | undefined
  /** Grows by doubling. Returned parts are never overwritten, because answers are views of them. */
  #buffer = Buffer.alloc(0)
  #filled = 0
  #used = 0
  #size = 0
  #wakers = new Set<() => void>()
  #discarding = false

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      if (!this.#discarding) this.#append(chunk)
      this.#size += chunk.length
      this.#wake()
    })
    socket.on('end', () => this.#finish(undefined))
    socket.on('close', () => this.#finish(undefined))
    socket.on('error', (error) => this.#finish(error))
  }

  /** Received bytes that belong to no answer yet. */
  get rest(): Buffer {
    return this.#buffer.subarray(this.#used, this.#filled)
  }

  /** Bytes that wait to be sent. */
  get unsent(): number {
    return this.socket.writableLength
  }

  /** Number of received bytes. */
  get received(): number {
    return this.#size
  }

  /** From now on bytes are only counted in `received`: for answers too large to keep. */
  discard(): void {
    this.#discarding = true
  }

  /** Sends bytes at once. Errors of a connection that the server closed are recorded, not thrown. */
  send(bytes: Bytes): void {
    if (!this.socket.destroyed && this.socket.writable) this.socket.write(toBuffer(bytes))
  }

  /** Sends bytes and resolves when the kernel has accepted them, or the connection broke. */
  async sendAll(bytes: Bytes): Promise<void> {
    if (this.socket.destroyed || !this.socket.writable) return
    const { promise, resolve } = defer()
    this.socket.once('close', resolve)
    this.socket.write(toBuffer(bytes), () => resolve())
    await withDeadline(promise, () => 'the server took no more bytes')
    this.socket.off('close', resolve)
  }

  /** Sends pieces with a pause of `pause` ms between them. */
  async sendPieces(pieces: readonly Bytes[], pause = 5): Promise<void> {
    for (const piece of pieces) {
      this.send(piece)
      await sleep(pause)
    }
  }

  /** Half-closes: no more bytes will be sent, answers can still be read. */
  finishSending(): void {
    this.socket.end()
  }

  /** Closes the connection (FIN). */
  destroy(): void {
    this.socket.destroy()
  }

  /** Closes the connection by a reset. */
  reset(): void {
    // `resetAndDestroy` ends the stream first, and a FIN alone looks like a half-close.
    Object.assign(this.socket, { resetAndClosing: true })
    this.socket.destroy()
  }

  /** Stops reading, as a slow client does. */
  pause(): void {
    this.socket.pause()
  }

  resume(): void {
    this.socket.resume()
  }

  /**
   * The next answer, 1xx included. When the connection ends midway the answer has `complete: false`;
   * rejects when it ends before a head, breaks HTTP, or takes longer than `deadline` ms.
   */
  async readResponse(method = 'GET', deadline = DEADLINE): Promise<RawResponse> {
    let found: ReturnType<typeof parseResponse>
    const progress = new ChunkProgress()
    const look = (): boolean => {
      found = parseResponse(this.rest, { method, ended: this.ended, progress })
      return found !== undefined || this.ended
    }
    await this.waitUntil(look, `an answer to ${method}`, deadline)
    if (found === undefined)
      throw new Error(`the connection ended before an answer; ${this.#describe()}`)
    this.#used += found.used
    return found.response
  }

  /** The next answer that is not 1xx; those before it are counted in `interim`. */
  async readFinalResponse(method = 'GET', deadline = DEADLINE): Promise<RawResponse> {
    const interim: number[] = []
    for (let i = 0; i < 10; i++) {
      const response = await this.readResponse(method, deadline)
      if (response.status >= 200) return { ...response, interim }
      interim.push(response.status)
    }
    throw new Error('ten interim answers and no final one')
  }

  /** Resolves when the server has closed the connection. */
  async waitForEnd(deadline = DEADLINE): Promise<void> {
    await this.waitUntil(() => this.ended, 'the server to close the connection', deadline)
  }

  /** All answers until the server closes, to `methods` in order. Rejects on bytes that are not an answer. */
  async readUntilEnd(
    methods: readonly string[] = ['GET'],
    deadline = DEADLINE,
  ): Promise<RawResponse[]> {
    await this.waitForEnd(deadline)
    const responses: RawResponse[] = []
    let final = 0
    for (let i = 0; i < 10_000 && this.rest.length > 0; i++) {
      const found = parseResponse(this.rest, { method: methods[final] ?? 'GET', ended: true })
      if (found === undefined) throw new ResponseSyntaxError('a head was cut', this.rest)
      this.#used += found.used
      responses.push(found.response)
      if (found.response.status >= 200) final++
    }
    return responses
  }

  /** Resolves when `condition` is true; it is checked each time that something arrives. */
  async waitUntil(condition: () => boolean, what: string, deadline = DEADLINE): Promise<void> {
    if (condition()) return
    const { promise, resolve, reject } = defer()
    const check = (): void => {
      try {
        if (condition()) resolve()
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)))
      }
    }
    this.#wakers.add(check)
    try {
      await withDeadline(promise, () => `waited for ${what}; ${this.#describe()}`, deadline)
    } finally {
      this.#wakers.delete(check)
    }
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }

  #append(chunk: Buffer): void {
    if (this.#filled + chunk.length > this.#buffer.length) {
      const kept = this.rest
      const grown = Buffer.allocUnsafe(Math.max(16_384, 2 * (kept.length + chunk.length)))
      kept.copy(grown)
      this.#buffer = grown
      this.#used = 0
      this.#filled = kept.length
    }
    chunk.copy(this.#buffer, this.#filled)
    this.#filled += chunk.length
  }

  #finish(error: Error | undefined): void {
    this.error ??= error
    this.ended = true
    this.#wake()
  }

  #wake(): void {
    for (const waker of this.#wakers) waker()
  }

  #describe(): string {
    const rest = this.rest
    const shown = JSON.stringify(rest.subarray(0, 600).toString('latin1'))
    const state = this.ended ? `ended${this.error ? ` (${this.error.message})` : ''}` : 'open'
    return `connection ${state}, ${rest.length} bytes unread: ${shown}`
  }
}

/** Opens a connection; rejects if there is no listener. */
export async function openRaw(address: Address): Promise<RawConnection> {
  const target = typeof address === 'string' ? parseAddress(address) : address
  const socket = connect({ ...target, allowHalfOpen: true, noDelay: true })
  const connection = new RawConnection(socket)
  const { promise, resolve, reject } = defer()
  socket.once('connect', resolve)
  socket.once('error', reject)
  await withDeadline(promise, () => `no connection to ${JSON.stringify(address)}`)
  socket.off('error', reject)
  return connection
}

/** A request for {@link fetchRaw}. */
export interface RawRequest {
  readonly method?: string
  readonly target?: string
  readonly version?: '1.0' | '1.1'
  readonly headers?: readonly (readonly [string, string])[]
  /** Sent with a Content-Length. */
  readonly body?: Bytes
  /** Sent as chunks. */
  readonly chunks?: readonly Bytes[]
}

/** Bytes of a valid request. */
export function formatRequest(request: RawRequest = {}): Buffer {
  const { method = 'GET', target = '/', version = '1.1', headers = [], body, chunks } = request
  const lines = [`${method} ${target} HTTP/${version}`]
  if (!headers.some(([name]) => name.toLowerCase() === 'host')) lines.push('Host: taipan.test')
  for (const [name, value] of headers) lines.push(`${name}: ${value}`)
  const payload: Buffer[] = []
  if (body !== undefined) {
    lines.push(`Content-Length: ${toBuffer(body).length}`)
    payload.push(toBuffer(body))
  } else if (chunks !== undefined) {
    lines.push('Transfer-Encoding: chunked')
    for (const chunk of chunks) payload.push(formatChunk(chunk))
    payload.push(Buffer.from('0\r\n\r\n'))
  }
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), ...payload])
}

/** One chunk of a chunked body. */
export function formatChunk(bytes: Bytes): Buffer {
  const data = toBuffer(bytes)
  return Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n')])
}

/** Sends one request on a new connection, which is closed after the answer. */
export async function fetchRaw(
  address: Address,
  request: RawRequest | string = {},
  deadline = DEADLINE,
): Promise<RawResponse> {
  const wanted = typeof request === 'string' ? { target: request } : request
  using connection = await openRaw(address)
  connection.send(formatRequest(wanted))
  return await connection.readFinalResponse(wanted.method ?? 'GET', deadline)
}

/** Latin-1 bytes of a string, or the bytes themselves. */
export function toBuffer(bytes: Bytes): Buffer {
  if (typeof bytes === 'string') return Buffer.from(bytes, 'latin1')
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}

/** Calls the probe every `pause` ms until it returns something; rejects after `deadline` ms. */
export async function pollUntil<T>(
  probe: () => Promise<T | undefined> | T | undefined,
  what: string,
  { pause = 25, deadline = DEADLINE }: { pause?: number; deadline?: number } = {},
): Promise<T> {
  const rounds = Math.ceil(deadline / pause)
  for (let i = 0; i < rounds; i++) {
    const found = await probe()
    if (found !== undefined) return found
    await sleep(pause)
  }
  throw new Error(`waited ${deadline} ms for ${what}`)
}

async function withDeadline<T>(promise: Promise<T>, what: () => string, ms = DEADLINE): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`deadline of ${ms} ms: ${what()}`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

function defer(): { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } {
  let resolve = (): void => undefined
  let reject: (error: Error) => void = () => undefined
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}

/** Host and port of a URL. */
export function parseAddress(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url)
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) }
}
