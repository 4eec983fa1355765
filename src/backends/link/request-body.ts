import type { RequestBody } from '../../core/exchange.ts'
import { FrameFlag, FrameType } from '../../wire/frames.ts'
import type { PendingRequest } from './pending-request.ts'
import type { FrameTarget } from './frame-target.ts'

/** State of a body after `pump`; `blocked` when the worker does not read fast enough. */
export type BodyState = 'waiting' | 'served' | 'broken' | 'blocked'

/** Sends a request body to a worker, as much as the worker asks for. */
export class PulledBody {
  readonly #target: FrameTarget
  #credit = 0

  constructor(target: FrameTarget) {
    this.#target = target
  }

  /** Forgets what the last request asked for. */
  reset(): void {
    this.#credit = 0
  }

  /** The worker asks for `bytes` more. */
  grant(body: RequestBody, bytes: number): void {
    this.#credit += bytes
    body.request(this.#credit)
  }

  /** Sends what is available and was asked for, as the body of request `tag`. `waiting`: less was available. */
  pump(body: RequestBody, tag: number): BodyState {
    while (this.#credit > 0) {
      const piece = body.take(this.#credit)
      const last = body.complete && body.buffered === 0
      if (piece === undefined && !last) break
      this.#credit = last ? 0 : this.#credit - (piece?.length ?? 0)
      const flags = last ? FrameFlag.BODY_LAST : 0
      const flows = this.#target.frame({ type: FrameType.BODY, flags, tag }, piece)
      if (!flows && !last) return 'blocked'
    }
    if (this.#credit === 0) return 'served'
    return body.error === undefined ? 'waiting' : 'broken'
  }
}

const NO_PIECES: readonly Uint8Array[] = []

/** Takes the body of a request if it is complete and has at most `limit` bytes; it is then sent with the request. */
export function takeBodyAlong(request: PendingRequest, limit: number): void {
  const { body } = request.exchange
  if (request.body !== undefined || !body.complete || body.buffered > limit) return
  request.body = takeWholeBody(body)
}

function takeWholeBody(body: RequestBody): readonly Uint8Array[] {
  if (body.buffered === 0) return NO_PIECES
  const pieces: Uint8Array[] = []
  for (let piece = body.take(); piece !== undefined; piece = body.take()) pieces.push(piece)
  return pieces
}
