import { DEADLINE } from '../../support/deadlines.ts'

/** Response to one request, as it is: no redirects followed. */
export interface Page {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Buffer
  readonly text: string
}

/** Differences from a plain GET. */
export interface Visit {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: NonNullable<RequestInit['body']>
}

/** A client with its own cookie jar, over the `fetch` of Node. */
export class Browser {
  readonly base: string
  readonly cookies = new Map<string, string>()

  constructor(base: string) {
    this.base = base
  }

  /** Sends one request and keeps the cookies of the answer. Redirects are not followed. */
  async visit(path: string, visit: Visit = {}): Promise<Page> {
    const response = await this.open(path, visit)
    const bytes = Buffer.from(await response.arrayBuffer())
    return {
      status: response.status,
      headers: response.headers,
      bytes,
      text: bytes.toString('utf8'),
    }
  }

  /** As `visit`, but returns the response before its body is read. */
  async open(path: string, visit: Visit = {}): Promise<Response> {
    const headers = new Headers({ connection: 'keep-alive', ...visit.headers })
    if (this.cookies.size > 0) headers.set('cookie', this.#cookieLine())
    const response = await fetch(new URL(path, this.base), {
      method: visit.method ?? (visit.body === undefined ? 'GET' : 'POST'),
      headers,
      redirect: 'manual',
      signal: AbortSignal.timeout(DEADLINE),
      ...(visit.body === undefined ? {} : { body: visit.body, duplex: 'half' }),
    })
    this.#keep(response.headers.getSetCookie())
    return response
  }

  /** Sends a form without files as a browser does. */
  async submit(path: string, fields: Record<string, string>): Promise<Page> {
    return await this.visit(path, { body: new URLSearchParams(fields) })
  }

  #cookieLine(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  #keep(lines: readonly string[]): void {
    for (const line of lines) {
      const pair = line.split(';', 1)[0] ?? ''
      const at = pair.indexOf('=')
      const gone = /;\s*max-age=0|expires=thu, 01[ -]jan[ -]1970/i.test(line)
      if (gone) this.cookies.delete(pair.slice(0, at).trim())
      else this.cookies.set(pair.slice(0, at).trim(), pair.slice(at + 1))
    }
  }
}

/** A body of unknown length, sent in chunks of `size` bytes. */
export function streamOf(bytes: Uint8Array, size = 16_384): ReadableStream<Uint8Array> {
  let at = 0
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close()
      controller.enqueue(bytes.subarray(at, at + size))
      at += size
    },
  })
}
