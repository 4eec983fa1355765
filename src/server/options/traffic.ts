import { boolean, duration, integer, origins, size, sizeAboveZero } from '../option-types/kinds.ts'
import { flag, option } from '../option-types/option.ts'

/** `limits`: limits for clients. */
export const LIMITS = {
  headerBytes: option(sizeAboveZero, '64kb', {
    description: 'Bytes of all header fields of a request; more is answered with 431.',
    form: 'number',
    environment: 'TAIPAN_LIMIT_HEADER_BYTES',
    flag: flag('Limits', 'limit-header-bytes', { value: 'SIZE' }),
  }),
  headerCount: option(integer(1, 10_000), 200, {
    description: 'Number of header fields of a request; more is answered with 431.',
    form: 'number',
    environment: 'TAIPAN_LIMIT_HEADER_COUNT',
    flag: flag('Limits', 'limit-header-count', { value: 'N' }),
  }),
  targetBytes: option(sizeAboveZero, '32kb', {
    description: 'Bytes of the request target (path and query); more is answered with 414.',
    form: 'number',
    environment: 'TAIPAN_LIMIT_TARGET_BYTES',
    flag: flag('Limits', 'limit-target-bytes', { value: 'SIZE' }),
  }),
  body: option(size, '1gb', {
    description: 'Bytes of a request body; more is answered with 413. 0: no limit.',
    form: 'number',
    environment: 'TAIPAN_LIMIT_BODY',
    flag: flag('Limits', 'limit-body', { value: 'SIZE' }),
  }),
  connections: option(integer(1), 10_000, {
    description: 'Simultaneous connections; more are answered with 503.',
    form: 'number',
    environment: 'TAIPAN_LIMIT_CONNECTIONS',
    flag: flag('Limits', 'limit-connections', { value: 'N' }),
  }),
  requestsPerConnection: option(integer(0), 0, {
    description: 'Requests per connection, then it is closed. 0: no limit.',
    form: 'number',
    environment: 'TAIPAN_LIMIT_REQUESTS_PER_CONNECTION',
    flag: flag('Limits', 'limit-requests-per-connection', { value: 'N' }),
  }),
}

/** `timeouts`: time limits. */
export const TIMEOUTS = {
  header: option(duration, '30s', {
    description:
      'Longest time from the first byte of a request until its head is complete; then 408. 0: no limit.',
    form: 'duration',
    environment: 'TAIPAN_TIMEOUT_HEADER',
    flag: flag('Timeouts', 'timeout-header', { value: 'TIME' }),
  }),
  body: option(duration, '60s', {
    description: 'Longest time without a byte of a body that is being read; then 408. 0: no limit.',
    form: 'duration',
    environment: 'TAIPAN_TIMEOUT_BODY',
    flag: flag('Timeouts', 'timeout-body', { value: 'TIME' }),
  }),
  idle: option(duration, '75s', {
    description:
      'Longest time between two requests of a connection; then it is closed. 0: no limit.',
    form: 'duration',
    environment: 'TAIPAN_TIMEOUT_IDLE',
    flag: flag('Timeouts', 'timeout-idle', { value: 'TIME' }),
  }),
  send: option(duration, '60s', {
    description:
      'Longest time in which a client accepts no byte of a response; then the connection is aborted. 0: no limit.',
    form: 'duration',
    environment: 'TAIPAN_TIMEOUT_SEND',
    flag: flag('Timeouts', 'timeout-send', { value: 'TIME' }),
  }),
  shutdown: option(duration, '30s', {
    description:
      'Longest time for running requests, and threads that they started, to finish at a stop or reload. 0: no limit.',
    perGroup: true,
    form: 'duration',
    environment: 'TAIPAN_TIMEOUT_SHUTDOWN',
    flag: flag('Timeouts', 'timeout-shutdown', { value: 'TIME' }),
    toWorker: 'shutdownTimeout',
  }),
  startup: option(duration, '60s', {
    description:
      'Longest time that a starting worker may take to load one application. 0: no limit.',
    perGroup: true,
    form: 'duration',
    environment: 'TAIPAN_TIMEOUT_STARTUP',
    flag: flag('Timeouts', 'timeout-startup', { value: 'TIME' }),
    toWorker: 'startupTimeout',
  }),
  request: option(duration, 0, {
    description: 'Longest time for the application to answer; then 504. 0: no limit.',
    perGroup: true,
    form: 'duration',
    environment: 'TAIPAN_TIMEOUT_REQUEST',
    flag: flag('Timeouts', 'timeout-request', { value: 'TIME' }),
    toWorker: 'requestTimeout',
  }),
  ping: option(duration, '60s', {
    description: 'Longest time without a message from a worker; then it is replaced. 0: no limit.',
    perGroup: true,
    form: 'duration',
    environment: 'TAIPAN_TIMEOUT_PING',
    flag: flag('Timeouts', 'timeout-ping', { value: 'TIME' }),
  }),
}

/** `queue`: requests that wait for a thread or an event loop. */
export const QUEUE = {
  limit: option(integer(1), 1000, {
    description: 'Waiting requests; more are answered with 503.',
    perGroup: true,
    form: 'number',
    environment: 'TAIPAN_QUEUE_LIMIT',
    flag: flag('Limits', 'queue-limit', { value: 'N' }),
  }),
  timeout: option(duration, '60s', {
    description: 'Longest time in the queue; then 504. 0: no limit.',
    perGroup: true,
    form: 'duration',
    environment: 'TAIPAN_QUEUE_TIMEOUT',
    flag: flag('Limits', 'queue-timeout', { value: 'TIME' }),
  }),
}

/** `buffers`: memory for slow clients, so that they do not occupy threads. */
export const BUFFERS = {
  request: option(size, '1mb', {
    description: 'Bytes of a request body gathered before it is given to a thread.',
    perGroup: true,
  }),
  requestTotal: option(size, '256mb', {
    description: 'The same for all request bodies in total.',
  }),
  response: option(size, '16mb', {
    description: 'Bytes of a response held for a slow client while other requests need its thread.',
    perGroup: true,
    toWorker: 'responseBuffer',
  }),
  responseTotal: option(size, '256mb', {
    description: 'The same for all responses in total.',
    perGroup: true,
  }),
}

/** `webSocket`: options for WebSockets. */
export const WEB_SOCKET = {
  message: option(size, '16mb', {
    description:
      'Bytes of a message, decompressed; a longer one closes the WebSocket with 1009. 0: no limit.',
    form: 'number',
    environment: 'TAIPAN_WS_MAX_SIZE',
    flag: flag('WebSocket', 'ws-max-size', { value: 'SIZE' }),
  }),
  compression: option(boolean, true, {
    description: 'Compress messages (permessage-deflate).',
    form: 'boolean',
    environment: 'TAIPAN_WS_COMPRESSION',
    flag: flag('WebSocket', 'ws-no-compression', {
      negative: true,
      help: 'Do not compress messages (permessage-deflate).',
    }),
  }),
  pingInterval: option(duration, '20s', {
    description: 'Time between pings. 0: no pings.',
    form: 'duration',
    environment: 'TAIPAN_WS_PING_INTERVAL',
    flag: flag('WebSocket', 'ws-ping-interval', { value: 'TIME' }),
  }),
  pingTimeout: option(duration, '20s', {
    description: 'Longest time until a pong; then the connection is aborted. 0: no limit.',
    form: 'duration',
    environment: 'TAIPAN_WS_PING_TIMEOUT',
    flag: flag('WebSocket', 'ws-ping-timeout', { value: 'TIME' }),
  }),
  closeTimeout: option(duration, '5s', {
    description:
      'Longest time until the client answers a close; then the connection is aborted. 0: no limit.',
    form: 'duration',
    environment: 'TAIPAN_WS_CLOSE_TIMEOUT',
    flag: flag('WebSocket', 'ws-close-timeout', { value: 'TIME' }),
  }),
  origins: option(origins, [], {
    description:
      'Origin whose pages may open WebSockets, such as https://example.org; repeatable; any by default.',
    form: 'list',
    environment: 'TAIPAN_WS_ORIGINS',
    flag: flag('WebSocket', 'ws-origin', { value: 'ORIGIN' }),
  }),
}

/** What is done to responses on their way out. */
export const RESPONSES = {
  compression: option(boolean, false, {
    description: 'Compress responses (br, zstd or gzip) whose type and size make it worth it.',
    form: 'boolean',
    environment: 'TAIPAN_COMPRESSION',
    flag: flag('Files', 'compression'),
  }),
}
