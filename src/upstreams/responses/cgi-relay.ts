import { TaipanError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import { createResponseHead, type ResponseHead } from '../../core/response-head.ts'
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

const NOTHING = Buffer.alloc(0)

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

  /** The output is whole, with `last`. Throws `UPSTREAM_FAILED` if it has no head, or a broken one. */
  end(last?: Buffer): void {
    const { exchange, onLocalRedirect } = this.#options
    const isWhole = this.#head === undefined
    let body = last
    if (isWhole) {
      const parsed = (last && this.#output.take(last)) ?? this.#output.end()
      this.#head = parsed.head
      body = parsed.body
    }
    const target = this.#head?.localRedirect
    const isLocal = target !== undefined && !exchange.response.begun && !body?.length
    if (isLocal && onLocalRedirect !== undefined) onLocalRedirect(target)
    else if (isWhole && this.#head !== undefined)
      exchange.response.send(this.#check(this.#head), body ?? NOTHING)
    else {
      if (body !== undefined && body.length > 0) this.#write(body)
      exchange.response.end()
    }
  }

  #begin(head: CgiHead): void {
    this.#head = head
    const { localRedirect } = head
    // Only the end of the output shows that a redirect is the whole of it.
    if (localRedirect !== undefined && this.#options.onLocalRedirect !== undefined) return
    this.#options.exchange.response.begin(this.#check(head))
  }

  #check({ status, reason, fields }: CgiHead): ResponseHead {
    const hasLocation = fields.some((name, at) => at % 2 === 0 && name.toLowerCase() === 'location')
    try {
      return { ...createResponseHead(status ?? (hasLocation ? 302 : 200), fields), reason }
    } catch (error) {
      if (!(error instanceof TaipanError)) throw error
      throw new TaipanError('UPSTREAM_FAILED', error.message, { cause: error })
    }
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
