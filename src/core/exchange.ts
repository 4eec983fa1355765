import type { FieldBlock, FieldPairs } from './field-block.ts'
import type { ResponseHead } from './response-head.ts'

/** A request as it came, protocol-free. Strings hold one character per byte (latin-1). */
export interface RequestHead {
  /** As sent: methods are case-sensitive. */
  readonly method: string
  /** Origin-form with query, or `*`; absolute-form has lost scheme and authority. Never decoded. */
  readonly target: string
  /** `target` up to the first `?`, never decoded. */
  readonly path: string
  /** `target` behind the first `?`; empty when there is none. */
  readonly query: string
  readonly version: '1.0' | '1.1' | '2'
  /**
   * Field pairs as sent; an absolute-form target has replaced the value of Host (RFC 9112, 3.2.2). A request that repeats the
   * fields of the one before on its connection may have the same array: who encodes them may keep the result for it.
   */
  readonly fields: FieldPairs
  /** Effective authority `host[:port]`; empty when the client named none. */
  readonly host: string
}

/** The two ends of the connection a request came by. */
export interface ConnectionFacts {
  /** Of the stream itself, whatever proxies say. */
  readonly scheme: 'http' | 'https'
  /** Empty for Unix sockets, like the ports. */
  readonly remoteAddress: string
  readonly remotePort: string
  readonly localAddress: string
  readonly localPort: string
  /** Path of the Unix socket that the connection came by; empty for TCP. */
  readonly localPath: string
}

/**
 * The body of a request, pulled by whoever wants it: nothing beyond the front's small read-ahead is
 * taken from the client until `request` is called.
 */
export interface RequestBody {
  /** Known length in bytes: 0 without a body; undefined while a chunked body is still arriving. */
  readonly length: number | undefined
  /** Every byte has arrived (it may still wait in the buffer). True for requests without a body. */
  readonly complete: boolean
  /** Bytes that `take` would give now. */
  readonly buffered: number
  /** Set when the body will never be complete: broken framing, over a limit, too slow, client gone. */
  readonly error: Error | undefined
  /** The client waits for `100 Continue` and has not been told yet. */
  readonly expectsContinue: boolean
  /** Called, synchronously, when bytes arrived, the body became complete, or `error` was set. One listener. */
  onProgress: (() => void) | undefined
  /** Allows the front to hold `bytes` at a time; sends `100 Continue` if the client waits for it. */
  request(bytes: number): void
  /** Removes up to `limit` buffered bytes (all by default) and returns them; undefined when there are none now. */
  take(limit?: number): Uint8Array | undefined
}

/**
 * The way back. After `end`, `send` or `abort` every further call does nothing.
 * Bodies of HEAD, 204 and 304 are dropped here, and a body is cut at its Content-Length.
 */
export interface ResponseSink {
  /** The head has been given; it is too late for another answer. */
  readonly begun: boolean
  /** Nothing more can be written: ended, aborted or the client is gone. */
  readonly finished: boolean
  /** Bytes accepted but not yet taken by the client's connection. */
  readonly pending: number
  /** A whole response in one write. A body of text has one character per byte. */
  send(head: ResponseHead, body: Uint8Array | string): void
  begin(head: ResponseHead): void
  /** An interim answer (103, for example) before `begin`; not sent to HTTP/1.0 clients. */
  inform(status: number, fields: FieldBlock): void
  /** Takes the bytes in any case; false asks the caller to wait for `onDrain` before more. The chunk must not be changed afterwards. */
  write(chunk: Uint8Array): boolean
  /** Called each time the client caught up after a `write` that returned false. One listener. */
  onDrain: (() => void) | undefined
  /** A body shorter than its Content-Length becomes an aborted connection. `trailers` leave only where the framing has a place for them. */
  end(trailers?: FieldBlock): void
  /** Cuts the connection; a response that has not begun is never sent. */
  abort(reason: Error): void
}

/** How a WebSocket ended, or is to end. */
export interface WebSocketClose {
  /** 1005 when the client named no code, 1006 when the connection was lost. */
  readonly code: number
  /** At most 123 bytes of UTF-8. */
  readonly reason: string
}

/** A WebSocket after its handshake. Pings are answered by the front. */
export interface WebSocketChannel {
  /**
   * Takes a message, or a piece of one: the last has `last`. False asks the caller to wait for `onDrain`.
   * Does nothing once the socket is closed. The bytes must not be changed afterwards.
   */
  send(data: Uint8Array, kind: WebSocketPiece): boolean
  /** Called each time the client caught up after a `send` that returned false. One listener. */
  onDrain: (() => void) | undefined
  /** Called with each whole message that was asked for by `request`, and with the few that were read ahead when the socket closes; text is valid UTF-8. One listener. */
  onMessage: ((data: Buffer, isText: boolean) => void) | undefined
  /** Called once when either side has closed the socket, or it is lost; behind the last message. One listener. */
  onClose: ((close: WebSocketClose) => void) | undefined
  /** Lets so many more bytes of messages come; each message costs `MESSAGE_COST` more than its own. Nothing is given before the first call; what exceeds a small read-ahead stalls the client. */
  request(bytes: number): void
  /** Closes with a code that may be sent (RFC 6455, 7.4) and cuts the connection if the client does not follow in time. */
  close(close: WebSocketClose): void
}

/** What `WebSocketChannel.send` is given. */
export interface WebSocketPiece {
  readonly isText: boolean
  readonly last: boolean
}

/** A valid WebSocket handshake that waits for an answer: `accept`, or an ordinary response that denies it. */
export interface WebSocketOffer {
  /** Names the client offered, in order, over all lines. */
  readonly subprotocols: readonly string[]
  /**
   * Completes the handshake. The exchange's response counts as begun with status 101, and the exchange
   * is over when the socket is closed. `subprotocol` is empty for none. When the client has left, the channel says so by `onClose`.
   */
  accept(answer: { readonly subprotocol: string; readonly fields: FieldBlock }): WebSocketChannel
}

/** What is told about an exchange in its log line. Filled in by whoever knows. */
export interface ExchangeNotes {
  /** Name of the application, `static`, `redirect` ... */
  answeredBy: string
  /** `group/pid` of the worker; empty when no Python ran. */
  worker: string
  /** Milliseconds between arrival and hand-over to Python. */
  queued: number
  /** Milliseconds between hand-over and the end of the application's answer. */
  python: number
}

/** How an exchange ended. */
export interface Outcome {
  /** 0 when no response began. */
  readonly status: number
  /** Body bytes handed to the connection. */
  readonly bytes: number
  /** Undefined after a whole response. */
  readonly error: Error | undefined
}

/** One request with its response. Costly parts are made when they are asked for. */
export interface Exchange {
  /** Unique within this run of the server. */
  readonly id: string
  /** `performance.now()` when the head was complete. */
  readonly startedAt: number
  readonly request: RequestHead
  /** One object for all requests of a connection. */
  readonly connection: ConnectionFacts
  readonly body: RequestBody
  readonly response: ResponseSink
  readonly notes: ExchangeNotes
  /** The client asks for a WebSocket; an answerer that knows none just answers. */
  readonly webSocket: WebSocketOffer | undefined
  /** The client has finished sending: it may have left, or still wait for the answer. */
  readonly clientEnded: boolean
  /** Called when `clientEnded` becomes true. One listener. */
  onClientEnd: (() => void) | undefined
  /** Called once, when the response is wholly handed over or the exchange was aborted. At once if it is over. */
  onFinish(listener: (outcome: Outcome) => void): void
}

/** Whatever answers an exchange. Must not throw for what a client can cause. */
export type Handler = (exchange: Exchange) => void
