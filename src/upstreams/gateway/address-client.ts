import type { TaipanError } from '../../core/errors.ts'
import type { Exchange, RequestBody } from '../../core/exchange.ts'
import type { Invocation } from '../../core/upstream.ts'

/** A request to send to an address. */
export interface GatewayRequest {
  readonly exchange: Exchange
  readonly invocation: Invocation
  /** The body to send: that of the exchange, or a copy of it, which has a length. */
  readonly body: RequestBody
  /** The file that a filter gets behind the body; undefined: none. */
  readonly file?: FilteredFile | undefined
  /** A kept connection was closed under it: others may be, too, so it gets a new one. */
  readonly wasLate?: boolean
}

/** A file for a filter. */
export interface FilteredFile {
  /** In bytes. */
  readonly length: number
  /** When it was changed, in seconds since the epoch. */
  readonly modified: number
  /** Its bytes, from the first one. */
  read(): RequestBody
}

/** How an attempt ended. */
export type AttemptEnd =
  /** The response of the exchange is whole, or the attempt was aborted. */
  | { readonly kind: 'answered' }
  /** No answer: the exchange has still to be answered, unless its response has begun. */
  | {
      readonly kind: 'failed'
      /** `UPSTREAM_UNREACHABLE`, `UPSTREAM_FAILED`, `OVERLOADED` or a fault of the request itself. */
      readonly error: TaipanError
      /**
       * `never`: not a byte of it can have been read by the other side, and nothing was taken of the body of the exchange;
       * `perhaps`: it was sent, on a connection that may have been closed before it arrived, and nothing was taken of the body;
       * `yes`: it has begun.
       */
      readonly begun: 'never' | 'perhaps' | 'yes'
      /** The connection was refused, or broke: this counts against the address. An answer that is wrong does not. */
      readonly lost: boolean
    }

/** Receives what happens to an attempt. */
export interface AttemptListener {
  /** There is a connection; the request is sent from now on. */
  onConnected(): void
  /** Bytes have moved: the other side has sent some, or taken some of the body, or the client has caught up. */
  onProgress(): void
  /** Called once, never within `send`. */
  onEnd(end: AttemptEnd): void
}

/** A request in the hands of an address. */
export interface Attempt {
  /** It waits for the client, which does not read the answer, or has not sent more of the body. */
  readonly held: boolean
  /** Gives it up, as the protocol tells it to the other side; the attempt has ended when `onEnd` is called. */
  abort(reason: Error): void
}

/** Sends requests to one address by one protocol, and writes the answers to the exchanges. */
export interface AddressClient {
  /** Most requests at the same time, as far as is known. */
  readonly slots: number
  /** Sends a request, by a connection that is open or a new one. Is not called for more than `slots` at a time. */
  send(request: GatewayRequest, listener: AttemptListener): Attempt
  /** Closes what is idle now, and the rest once its attempts have ended. */
  close(): void
}
