import { TaipanError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import { createResponseHead, type ResponseHead } from '../../core/response-head.ts'
import { CgiOutput, type CgiHead, type CgiOutputOptions } from '../../wire/cgi-response.ts'
import { ChunkedOutput } from './chunked-output.ts'
import { findNamedFile, type NamedFile } from './named-file.ts'

/** What a relay is for. */
export interface CgiRelayOptions extends CgiOutputOptions {
  readonly exchange: Exchange
  /** Follows a redirect within the server; undefined: the client does. */
  readonly onLocalRedirect: ((target: string) => void) | undefined
  /** Sends a file in place of the output; undefined: fields that name one are sent as any others. */
  readonly onNamedFile?: ((file: NamedFile) => void) | undefined
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
  #file: NamedFile | undefined
  #chunks: ChunkedOutput | undefined
  /** Bytes of the body that are to come; undefined: nobody has said. */
  #missing: number | undefined

  constructor(options: CgiRelayOptions) {
    this.#options = options
    this.#output = new CgiOutput(options)
  }

  /** The head has arrived. */
  get hasHead(): boolean {
    return this.#head !== undefined
  }

  /** As much has arrived as the head has announced. */
  get isWhole(): boolean {
    if (this.#head === undefined) return false
    return this.#chunks === undefined ? this.#missing === 0 : this.#chunks.done
  }

  /** Takes the next bytes. Throws `UPSTREAM_FAILED` for what is no answer. */
  take(chunk: Buffer): void {
    if (this.#head !== undefined) {
      this.#write(chunk)
      return
    }
    const parsed = this.#output.take(chunk)
    if (parsed === undefined) return
    const { head, body } = parsed
    this.#note(head)
    if (this.#isAllOf(head, body)) {
      this.#missing = 0
      this.#options.exchange.response.send(this.#check(head), body)
      return
    }
    this.#begin(head)
    if (body.length > 0) this.#write(body)
  }

  /** The output is whole, with `last`. Throws `UPSTREAM_FAILED` if it has no head, or is not whole. */
  end(last: Buffer = NOTHING): void {
    const { response } = this.#options.exchange
    if (this.#head === undefined) this.#endAtOnce(last)
    else {
      if (last.length > 0) this.#write(last)
      if (this.#divert(this.#head, NOTHING)) return
      if (this.#chunks?.done === false)
        throw new TaipanError('UPSTREAM_FAILED', 'ended before the last chunk of its answer')
      response.end()
    }
  }

  /** Nothing was written yet, so that the response can leave in one piece. */
  #endAtOnce(last: Buffer): void {
    const parsed = (last.length > 0 ? this.#output.take(last) : undefined) ?? this.#output.end()
    const { head, body } = parsed
    this.#note(head)
    if (this.#divert(head, body)) return
    if (this.#chunks === undefined) {
      this.#options.exchange.response.send(this.#check(head), body)
      return
    }
    this.#begin(head)
    this.end(body)
  }

  #note(head: CgiHead): void {
    this.#head = head
    const { nph, onNamedFile } = this.#options
    if (onNamedFile !== undefined) this.#file = findNamedFile(head)
    if (nph && isChunked(head)) this.#chunks = new ChunkedOutput()
    this.#missing = this.#findLength(head)
  }

  #findLength({ status, fields }: CgiHead): number | undefined {
    const { method } = this.#options.exchange.request
    if (method === 'HEAD' || status === 204 || status === 304) return 0
    const at = fields.findIndex((name, index) => index % 2 === 0 && /^content-length$/i.test(name))
    return at === -1 ? undefined : Number(fields[at + 1])
  }

  /** Nothing more is wanted, so that the response can leave in one piece. */
  #isAllOf({ localRedirect }: CgiHead, { length }: Buffer): boolean {
    if (this.#file !== undefined || this.#chunks !== undefined) return false
    return localRedirect === undefined && this.#missing !== undefined && length >= this.#missing
  }

  /** Answers by something else, if the head says so. */
  #divert({ localRedirect }: CgiHead, body: Buffer): boolean {
    const { exchange, onLocalRedirect, onNamedFile } = this.#options
    if (exchange.response.begun) return false
    if (this.#file !== undefined) onNamedFile?.(this.#file)
    else if (localRedirect !== undefined && body.length === 0 && onLocalRedirect !== undefined)
      onLocalRedirect(localRedirect)
    else return false
    return true
  }

  #begin(head: CgiHead): void {
    if (this.#file !== undefined) return
    // Only the end of the output shows that a redirect is the whole of it.
    if (head.localRedirect !== undefined && this.#options.onLocalRedirect !== undefined) return
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
    if (this.#file !== undefined) return
    if (this.#missing !== undefined) this.#missing = Math.max(0, this.#missing - chunk.length)
    if (this.#chunks === undefined) this.#writePiece(chunk)
    else for (const piece of this.#chunks.take(chunk)) this.#writePiece(piece)
  }

  #writePiece(chunk: Buffer): void {
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

function isChunked({ fields }: CgiHead): boolean {
  return fields.some(
    (text, at) =>
      at % 2 === 1 &&
      /^chunked$/i.test(text) &&
      fields[at - 1]?.toLowerCase() === 'transfer-encoding',
  )
}
