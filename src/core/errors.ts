/** Who has to act: the client, the author of the application, a worker, an upstream server, the person who configured, or the administrator of the machine. */
export type Fault = 'client' | 'application' | 'worker' | 'upstream' | 'configuration' | 'host'

/** Properties of an error code. */
export interface ErrorFacts {
  /** One sentence for people; the message of an error says more. */
  readonly summary: string
  readonly fault: Fault
  /** HTTP status of the answer when the error concerns a request. */
  readonly status?: number
  /** Exit code of the command when the error ends it. */
  readonly exitCode?: number
}

/** All errors of Taipan, with HTTP status and exit code. A test compares `docs/errors.md` with this table. */
export const ERRORS = {
  USAGE: { summary: 'The command line is not understood', fault: 'configuration', exitCode: 2 },
  CONFIG_INVALID: {
    summary: 'The configuration has a wrong key or value',
    fault: 'configuration',
    exitCode: 2,
  },
  CONFIG_NOT_FOUND: {
    summary: 'A file named in the configuration does not exist or cannot be read',
    fault: 'configuration',
    exitCode: 2,
  },
  APPLICATION_LOAD: {
    summary: 'The Python application could not be loaded',
    fault: 'application',
    status: 503,
    exitCode: 3,
  },
  ADDRESS_IN_USE: {
    summary: 'Another program listens on the address',
    fault: 'host',
    exitCode: 4,
  },
  ADDRESS_UNUSABLE: {
    summary: 'The address cannot be listened on',
    fault: 'host',
    exitCode: 4,
  },
  TLS_UNUSABLE: {
    summary: 'A certificate or key cannot be used',
    fault: 'configuration',
    exitCode: 2,
  },
  PYTHON_NOT_FOUND: {
    summary: 'No usable Python interpreter was found',
    fault: 'host',
    status: 503,
    exitCode: 5,
  },
  PYTHON_START: {
    summary: 'The Python interpreter could not be started',
    fault: 'host',
    status: 503,
    exitCode: 5,
  },
  PYTHON_NOT_EMBEDDABLE: {
    summary: 'The Python interpreter cannot run inside Node',
    fault: 'host',
    status: 503,
    exitCode: 5,
  },
  NATIVE_CALLS: {
    summary: 'A function of the system that Node lacks cannot be called',
    fault: 'host',
    status: 503,
    exitCode: 5,
  },
  PROGRAM_START: {
    summary: 'A program of a route could not be started',
    fault: 'host',
    status: 503,
    exitCode: 5,
  },
  CONTROL_UNREACHABLE: {
    summary: 'Nothing answers at the control address',
    fault: 'host',
    exitCode: 6,
  },
  CONTROL_REFUSED: {
    summary: 'The server does not do what it was told by its control address',
    fault: 'configuration',
    exitCode: 6,
  },
  INTERNAL: {
    summary: 'Taipan itself failed',
    fault: 'host',
    status: 500,
    exitCode: 70,
  },
  REQUEST_MALFORMED: { summary: 'The request breaks HTTP', fault: 'client', status: 400 },
  CLIENT_FLOODS: {
    summary: 'The client does too often what costs it nothing, or lets too much wait',
    fault: 'client',
  },
  REQUEST_TIMEOUT: { summary: 'The request did not arrive in time', fault: 'client', status: 408 },
  BODY_TOO_LARGE: { summary: 'The request body is over the limit', fault: 'client', status: 413 },
  TARGET_TOO_LONG: {
    summary: 'The request target is over the limit',
    fault: 'client',
    status: 414,
  },
  FIELDS_TOO_LARGE: {
    summary: 'The request header fields are over the limit',
    fault: 'client',
    status: 431,
  },
  NOT_IMPLEMENTED: {
    summary: 'The method or transfer coding is not supported',
    fault: 'client',
    status: 501,
  },
  UPGRADE_REQUIRED: {
    summary: 'The version of the WebSocket protocol is not supported',
    fault: 'client',
    status: 426,
  },
  ORIGIN_DENIED: {
    summary: 'The page may not open WebSockets here',
    fault: 'client',
    status: 403,
  },
  VERSION_NOT_SUPPORTED: {
    summary: 'The HTTP version is not supported',
    fault: 'client',
    status: 505,
  },
  CLIENT_DISCONNECTED: {
    summary: 'The client disconnected before the exchange was over',
    fault: 'client',
  },
  UNAUTHENTICATED: {
    summary: 'The route asks for a user and a password, and got none that are right',
    fault: 'client',
    status: 401,
  },
  FORBIDDEN: {
    summary: 'The file may not be read or run, or the client may not come in',
    fault: 'host',
    status: 403,
  },
  NOT_FOUND: { summary: 'Nothing is mounted at the path', fault: 'client', status: 404 },
  OVERLOADED: {
    summary: 'The queue, or the number of connections, is at its limit',
    fault: 'host',
    status: 503,
  },
  STOPPING: { summary: 'The server is stopping', fault: 'host', status: 503 },
  QUEUE_TIMEOUT: {
    summary: 'The request waited too long for a free thread',
    fault: 'application',
    status: 504,
  },
  APPLICATION_TIMEOUT: {
    summary: 'The application took too long to answer',
    fault: 'application',
    status: 504,
  },
  APPLICATION_FAILED: {
    summary: 'The application raised an exception or broke its interface',
    fault: 'application',
    status: 500,
  },
  WORKER_DIED: {
    summary: 'The worker process ended while it had the request',
    fault: 'worker',
    status: 502,
  },
  UPSTREAM_FAILED: {
    summary: 'The upstream broke off or did not keep to its protocol',
    fault: 'upstream',
    status: 502,
  },
  UPSTREAM_UNREACHABLE: {
    summary: 'The upstream takes no connections',
    fault: 'upstream',
    status: 503,
  },
  UPSTREAM_TIMEOUT: {
    summary: 'The upstream took too long to answer',
    fault: 'upstream',
    status: 504,
  },
} as const satisfies Readonly<Record<string, ErrorFacts>>

/** Stable name of an error; compare this, not messages. */
export type ErrorCode = keyof typeof ERRORS

/** The only error class of this package. `message` names the thing, the value and the way out. */
export class TaipanError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'TaipanError'
    this.code = code
  }

  get facts(): ErrorFacts {
    return ERRORS[this.code]
  }
}
