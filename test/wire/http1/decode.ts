import { TaipanError } from '../../../src/core/errors.ts'
import type { Http1Limits } from '../../../src/wire/http1/limits.ts'
import { RequestDecoder } from '../../../src/wire/http1/request-decoder.ts'
import type { Http1Request } from '../../../src/wire/http1/request-head.ts'

export const LIMITS: Http1Limits = {
  headerBytes: 65_536,
  headerCount: 200,
  targetBytes: 32_768,
  body: 1 << 30,
}

/** Result of decoding some bytes. */
export interface Decoded {
  readonly requests: readonly {
    readonly head: Http1Request
    readonly body: string
    readonly complete: boolean
  }[]
  /** Status of the refusal; undefined if nothing was refused. */
  readonly refused: number | undefined
  readonly message: string
}

/** Feeds pieces one by one and collects the results. Strings are latin-1. */
export function decode(
  pieces: readonly (string | Buffer)[],
  limits: Http1Limits = LIMITS,
  room = 65_536,
): Decoded {
  const decoder = new RequestDecoder(limits)
  const requests: { head: Http1Request; body: string; complete: boolean }[] = []
  try {
    for (const piece of pieces) {
      decoder.feed(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece)
      while (step(decoder, requests, room));
    }
  } catch (error) {
    if (!(error instanceof TaipanError)) throw error
    return { requests, refused: error.facts.status, message: error.message }
  }
  return { requests, refused: undefined, message: '' }
}

function step(
  decoder: RequestDecoder,
  requests: { head: Http1Request; body: string; complete: boolean }[],
  room: number,
): boolean {
  const current = requests.at(-1)
  if (current !== undefined && !current.complete) {
    const piece = decoder.readBody(room)
    if (piece !== undefined) current.body += piece.toString('latin1')
    current.complete = decoder.bodyDone
    return piece !== undefined || current.complete
  }
  const head = decoder.readHead()
  if (head === undefined) return false
  requests.push({ head, body: '', complete: decoder.bodyDone })
  return true
}

/** The decoded head of one valid request. */
export function decodeHead(text: string): Http1Request {
  const { requests, refused, message } = decode([text])
  const head = requests[0]?.head
  if (head === undefined)
    throw new Error(`no head in ${JSON.stringify(text)}: ${refused} ${message}`)
  return head
}
