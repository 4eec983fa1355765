import type { FieldBlock, FieldPairs } from './field-block.ts'
import type { ResponseHead } from './response-head.ts'
import type { TlsFacts } from './tls-facts.ts'

/** A request as received, independent of the protocol. Strings hold one character per byte (latin-1). */
export interface RequestHead {
  /** As sent; methods are case-sensitive. */
  readonly method: string
  /** Origin-form with query, or `*`; scheme and authority of an absolute-form are removed. Never decoded. */
  readonly target: string
  /** `target` up to the first `?`, never decoded. */
  readonly path: string
  /** `target` after the first `?`; empty when there is none. */
  readonly query: string
  readonly version: '1.0' | '1.1' | '2' | '3'
  /**
   * Field pairs as sent, except that the authority of an absolute-form target replaces Host (RFC 9112, 3.2.2). Consecutive
   * requests of a connection with equal fields may share one array, so encoders may cache their result by it.
   */
  readonly fields: FieldPairs
  /** Effective authority `host[:port]`; empty when the client named none. */
  readonly host: string
}

/** What the server in front tells about a request that it passes on by FastCGI, SCGI or uwsgi: its word, not a client's. */
export interface FrontServerFacts {
  /** SCRIPT_NAME: the part of the path that leads to this server; percent-decoded, without a trailing slash; empty for none. */
  readonly mount: string
  /** SERVER_NAME; empty if it names none. */
  readonly name: string
  /** What a FastCGI request asks for; undefined in the other protocols. */
  readonly role: FrontServerRole | undefined
}

/** As in FCGI_ROLE. The body of a filter is followed by the file, if the variables have its FCGI_DATA_LENGTH. */
export type FrontServerRole = 'RESPONDER' | 'AUTHORIZER' | 'FILTER'

/** The two ends of a connection, or what a trusted proxy tells of them. */
export interface ConnectionFacts {
  /** What anybody says in fields does not count, but for trusted proxies. */
  readonly scheme: 'http' | 'https'
  /** Empty, as the port, for Unix sockets and for clients that reset the connection before it was accepted. */
  readonly remoteAddress: string
  readonly remotePort: string
  readonly localAddress: string
  readonly localPort: string
  /** Path of the Unix socket; empty for TCP. */
  readonly localPath: string
  /** Addresses of the proxies between the client and this server, the nearest last; undefined if no trusted one has named the client. */
  readonly via?: readonly string[] | undefined
  /** Absent where this server does not decrypt the connection itself. */
  readonly tls?: TlsFacts | undefined
}

/**
 * The body of a request, read on demand: the front reads a small amount ahead, and more only after `request`.
 */
export interface RequestBody {
  /** Length in bytes: 0 without a body; undefined while a chunked body is still arriving. */
  readonly length: number | undefined
  /** Every byte has arrived, although some may still be buffered. True for requests without a body. */
  readonly complete: boolean
  /** Bytes that `take` would return now. */
  readonly buffered: number
  /** Set when the body can never be complete: broken framing, over a limit, too slow, or the client disconnected. */
  readonly error: Error | undefined
  /** The client waits for `100 Continue`, which was not sent yet. */
  readonly expectsContinue: boolean
  /** Called synchronously when bytes arrived, the body became complete, or `error` was set. One listener. */
  onProgress: (() => void) | undefined
  /** Lets the front buffer up to `bytes`; sends `100 Continue` if the client waits for it. */
  request(bytes: number): void
  /** Removes and returns up to `limit` buffered bytes (all by default); undefined when there are none. */
  take(limit?: number): Uint8Array | undefined
}

/**
 * Receives the response. After `end`, `send` or `abort`, further calls do nothing.
 * It drops the bodies of HEAD, 204 and 304 responses, and what exceeds the Content-Length.
 */
export interface ResponseSink {
  /** A final head was given; no other response is possible. */
  readonly begun: boolean
  /** Nothing more can be written: ended, aborted, or the client disconnected. */
  readonly finished: boolean
  /** Bytes written that the client's connection has not accepted yet. */
  readonly pending: number
  /** A whole response in one write. A body of text has one character per byte. */
  send(head: ResponseHead, body: Uint8Array | string): void
  begin(head: ResponseHead): void
  /** Sends an interim response (such as 103) before `begin`; HTTP/1.0 clients do not get it. */
  inform(status: number, fields: FieldBlock): void
  /** Always accepts the bytes; false asks the caller to wait for `onDrain` before the next write. The caller must not change the chunk afterwards. */
  write(chunk: Uint8Array): boolean
  /** Called when the client has caught up after a `write` that returned false. One listener. */
  onDrain: (() => void) | undefined
  /** Ends the response; a body shorter than its Content-Length aborts the connection. `trailers` are sent only where the framing allows them. */
  end(trailers?: FieldBlock): void
  /** Aborts the connection; a response that has not begun is never sent. */
  abort(reason: Error): void
}

/** Why a WebSocket was closed, or is to be closed. */
export interface WebSocketClose {
  /** 1005 when the client gave no code, 1006 when the connection was lost. */
  readonly code: number
  /** At most 123 bytes of UTF-8. */
  readonly reason: string
}

/** A WebSocket after its handshake. The front answers pings. */
export interface WebSocketChannel {
  /**
   * Sends a message or a fragment of one; `last` marks the end of the message. False asks the caller to wait for `onDrain`.
   * Does nothing after the socket is closed. The caller must not change the bytes afterwards.
   */
  send(data: Uint8Array, kind: WebSocketPiece): boolean
  /** Called when the client has caught up after a `send` that returned false. One listener. */
  onDrain: (() => void) | undefined
  /** Called with each whole message that `request` allows, and with those already read when the socket closes; text is valid UTF-8. One listener. */
  onMessage: ((data: Buffer, isText: boolean) => void) | undefined
  /** Called once, after the last message, when either side closed the socket or the connection was lost. One listener. */
  onClose: ((close: WebSocketClose) => void) | undefined
  /** Allows that many more bytes of messages; each message counts `MESSAGE_COST` in addition to its length. None are delivered before the first call; the client feels backpressure beyond a small read-ahead. */
  request(bytes: number): void
  /** Closes with a code that may be sent (RFC 6455, 7.4); aborts the connection if the client does not answer the close in time. */
  close(close: WebSocketClose): void
}

/** Describes the data of one `WebSocketChannel.send`. */
export interface WebSocketPiece {
  readonly isText: boolean
  readonly last: boolean
}

/** A valid WebSocket handshake, not answered yet: `accept` it, or deny it by an ordinary response. */
export interface WebSocketOffer {
  /** Subprotocols that the client offered, in order, of all header lines. */
  readonly subprotocols: readonly string[]
  /**
   * Completes the handshake. The response then counts as begun with status 101, and the exchange is over when the
   * socket is closed. `subprotocol` is empty for none. If the client has disconnected, the channel calls `onClose`.
   */
  accept(answer: { readonly subprotocol: string; readonly fields: FieldBlock }): WebSocketChannel
}

/** Facts about an exchange for the access log, filled in by the parts that know them. */
export interface ExchangeNotes {
  /** Name of the application, `static`, `redirect` ... */
  answeredBy: string
  /** Host and path of the route that answered; empty when none matched. */
  route: string
  /** `group/pid` of the worker, or `name/address` of the peer; empty when there was none. */
  worker: string
  /** Milliseconds from arrival to hand-over to Python. */
  queued: number
  /** Milliseconds from hand-over to the end of the application's answer. */
  python: number
  /** User name of the client, as text; empty if nobody asked for it. */
  user: string
}

/** Who a client has proved to be. */
export interface Identity {
  readonly user: string
  /** The scheme, as in AUTH_TYPE. */
  readonly type: 'Basic' | 'Digest'
  /** The application gets the Authorization field, too. */
  readonly passesAuthorization: boolean
}

/** What a front knows of an exchange when it is over. */
export interface Transfer {
  /** Fields of the response, but for those that the front itself has added; none before it began. */
  readonly fields: FieldBlock
  /** Bytes of the request and of the response, with their heads; where several share a connection without what divides them. */
  readonly received: number
  readonly sent: number
  /** Requests that the connection has had before. */
  readonly earlier: number
}

/** How an exchange ended. */
export interface Outcome {
  /** 0 when no response began. */
  readonly status: number
  /** Body bytes given to the connection. */
  readonly bytes: number
  /** Undefined after a complete response. */
  readonly error: Error | undefined
  /** Absent where no client has asked. To be called at once, because the connection goes on to count. */
  readonly measure?: (() => Transfer) | undefined
}

/** Why an error page is asked for: the answer to a request, which the page replaces. */
export interface RequestFailure {
  readonly status: number
  /** A text about the error, one character per byte. */
  readonly notes: string
  /** Path, query and method of the request; raw. */
  readonly path: string
  readonly query: string
  readonly method: string
}

/** One request with its response. Expensive parts are made on demand. */
export interface Exchange {
  /** Unique while the server runs, unless a trusted proxy gives one twice. */
  readonly id: string
  /** Client and application are told the id, by X-Request-Id. */
  readonly sharesId?: boolean | undefined
  /** `performance.now()` when the head had arrived. */
  readonly startedAt: number
  readonly request: RequestHead
  /** The same object for all requests of a connection, unless a server in front tells of each. */
  readonly connection: ConnectionFacts
  /** Undefined where clients connect themselves. */
  readonly frontServer?: FrontServerFacts | undefined
  /** SCRIPT_NAME that a trusted proxy has given, without a trailing slash; takes the place of the route's. Undefined: none. */
  readonly givenMount?: string | undefined
  readonly body: RequestBody
  readonly response: ResponseSink
  readonly notes: ExchangeNotes
  /** Who the client is; undefined where no route has asked for it. */
  readonly identity: Identity | undefined
  /** CGI variables that an authorizer or a server in front has given, and that stand nowhere else: names and values in turn, each name once; absent: none. */
  readonly variables?: FieldPairs | undefined
  /** Undefined unless the response becomes the error page of another request. */
  readonly failure?: RequestFailure | undefined
  /** Set when the client asks for a WebSocket; an answerer without WebSockets sends an ordinary response. */
  readonly webSocket: WebSocketOffer | undefined
  /** The client has finished sending (half-close): it may have disconnected, or still wait for the answer. */
  readonly clientEnded: boolean
  /** Sets `id` to one that a trusted proxy has given, before anybody has asked for it. */
  identify(id: string): void
  /** Called when `clientEnded` becomes true. One listener. */
  onClientEnd: (() => void) | undefined
  /** `listener` is called once, when the whole response was given to the connection or the exchange was aborted; at once if it is over already. */
  onFinish(listener: (outcome: Outcome) => void): void
  /**
   * Someone goes on working for the exchange though it is over, such as a thread that cannot be stopped; until the result is
   * called, the client is counted as being served.
   */
  occupy(): () => void
}

/** Answers an exchange. Must not throw because of anything a client sends. */
export type Handler = (exchange: Exchange) => void
