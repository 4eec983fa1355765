import type { Exchange } from '../../core/exchange.ts'
import { createResponseHead } from '../../core/response-head.ts'
import { CgiOutput, type CgiHead } from '../../wire/cgi-response.ts'

/** What a relay is for. */
export interface CgiRelayOptions {
  readonly exchange: Exchange
  /** The output begins with a status line, as from programs with names that begin with `nph-`, and of uwsgi. */
  readonly nph: boolean
  /** Follows a redirect within the server; undefined: the client does. */
  readonly onLocalRedirect: ((target: string) => void) | undefined
  /** The client is behind: no more output is wanted until `onResume`. */
  readonly onPause: () => void
  readonly onResume: () => void
}

/** Turns CGI output (RFC 3875, 6), which arrives in pieces, into the response of an exchange. */
export class CgiRelay {
  readonly #options: CgiRelayOptions
  readonly #output: CgiOutput
  #head: CgiHead | undefined

  constructor(options: CgiRelayOptions) {
    this.#options = options
    this.#output = new CgiOutput({ nph: options.nph })
  }

  /** The head has arrived. */
  get hasHead(): boolean {
    return this.#head !== undefined
  }

  /** Takes the next bytes. Throws `UPSTREAM_FAILED` for a broken head. */
  take(chunk: Buffer): void {
    if (this.#head !== undefined) {
      this.#write(chunk)
      return
    }
    const parsed = this.#output.take(chunk)
    if (parsed === undefined) return
    this.#begin(parsed.head)
    if (parsed.body.length > 0) this.#write(parsed.body)
  }

  /** The output is whole. Throws `UPSTREAM_FAILED` if it has no head. */
  end(): void {
    if (this.#head === undefined) this.#begin(this.#output.end().head)
    const { exchange, onLocalRedirect } = this.#options
    const target = this.#head?.localRedirect
    if (target !== undefined && !exchange.response.begun) onLocalRedirect?.(target)
    else exchange.response.end()
  }

  #begin(head: CgiHead): void {
    this.#head = head
    const { localRedirect, fields, reason } = head
    // Only the end of the output shows that a redirect is the whole of it.
    if (localRedirect !== undefined && this.#options.onLocalRedirect !== undefined) return
    const usual = fields.some((name, at) => at % 2 === 0 && name.toLowerCase() === 'location')
      ? 302
      : 200
    const checked = createResponseHead(head.status ?? usual, fields)
    this.#options.exchange.response.begin({ ...checked, reason })
  }

  #write(chunk: Buffer): void {
    const { exchange, onPause, onResume } = this.#options
    const { response } = exchange
    if (!response.begun) {
      const { localRedirect } = this.#head ?? {}
      if (localRedirect === undefined || response.finished) return
      // A Location with a body is for the client.
      const fields = ['Location', localRedirect]
      this.#begin({ status: 302, reason: '', fields, localRedirect: undefined })
    }
    if (response.write(chunk)) return
    onPause()
    response.onDrain = () => {
      response.onDrain = undefined
      onResume()
    }
  }
}
