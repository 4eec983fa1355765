import { boolean, duration, integer, list, size } from './kinds.ts'
import { flag, option } from './option.ts'

/** `limits`: what a client may send. */
export const LIMITS = {
  headerBytes: option(size, '64kb', {
    description: 'Bytes of all header fields of a request together; more is answered 431.',
    form: 'number',
    environment: 'TAIPAN_LIMIT_HEADER_BYTES',
    flag: flag('Limits', 'limit-header-bytes', { value: 'SIZE' }),
  }),
  headerCount: option(integer(1, 10_000), 200, {
    description: 'Number of header fields of a request; more is answered 431.',
    form: 'number',
    environment: 'TAIPAN_LIMIT_HEADER_COUNT',
    flag: flag('Limits', 'limit-header-count', { value: 'N' }),
  }),
  targetBytes: option(size, '32kb', {
    description: 'Bytes of the request target (path and query); more is answered 414.',
    form: 'number',
    environment: 'TAIPAN_LIMIT_TARGET_BYTES',
    flag: flag('Limits', 'limit-target-bytes', { value: 'SIZE' }),
  }),
  body: option(size, '1gb', {
    description: 'Bytes of a request body; more is answered 413. 0 sets no limit.',
    form: 'number',
    environment: 'TAIPAN_LIMIT_BODY',
    flag: flag('Limits', 'limit-body', { value: 'SIZE' }),
  }),
  connections: option(integer(1), 10_000, {
    description: 'Connections open at a time; further ones are answered 503.',
    form: 'number',
    environment: 'TAIPAN_LIMIT_CONNECTIONS',
    flag: flag('Limits', 'limit-connections', { value: 'N' }),
  }),
  requestsPerConnection: option(integer(0), 0, {
    description: 'Requests on one connection before it is closed. 0 sets no limit.',
    form: 'number',
    environment: 'TAIPAN_LIMIT_REQUESTS_PER_CONNECTION',
    flag: flag('Limits', 'limit-requests-per-connection', { value: 'N' }),
  }),
}

/** `timeouts`: how long things may take. */
export const TIMEOUTS = {
  header: option(duration, '30s', {
    description: 'From the first byte of a request until its head is complete; then 408.',
    form: 'duration',
    environment: 'TAIPAN_TIMEOUT_HEADER',
    flag: flag('Timeouts', 'timeout-header', { value: 'TIME' }),
  }),
  body: option(duration, '60s', {
    description: 'How long a client may send nothing of a body that is waited for; then 408.',
    form: 'duration',
    environment: 'TAIPAN_TIMEOUT_BODY',
    flag: flag('Timeouts', 'timeout-body', { value: 'TIME' }),
  }),
  idle: option(duration, '75s', {
    description: 'How long a kept-alive connection may wait for its next request.',
    form: 'duration',
    environment: 'TAIPAN_TIMEOUT_IDLE',
    flag: flag('Timeouts', 'timeout-idle', { value: 'TIME' }),
  }),
  send: option(duration, '60s', {
    description: 'How long a client may take nothing of a response; then it is cut.',
    form: 'duration',
    environment: 'TAIPAN_TIMEOUT_SEND',
    flag: flag('Timeouts', 'timeout-send', { value: 'TIME' }),
  }),
  shutdown: option(duration, '30s', {
    description:
      'How long running requests, and threads that they have left, may take to finish at a stop or reload. 0 waits for ever.',
    perGroup: true,
    form: 'duration',
    environment: 'TAIPAN_TIMEOUT_SHUTDOWN',
    flag: flag('Timeouts', 'timeout-shutdown', { value: 'TIME' }),
  }),
  startup: option(duration, '60s', {
    description: 'From the start of a worker until its applications are loaded. 0 waits for ever.',
    perGroup: true,
    form: 'duration',
    environment: 'TAIPAN_TIMEOUT_STARTUP',
    flag: flag('Timeouts', 'timeout-startup', { value: 'TIME' }),
  }),
  request: option(duration, 0, {
    description: 'How long the application may take to answer; then 504. 0 waits for ever.',
    perGroup: true,
    form: 'duration',
    environment: 'TAIPAN_TIMEOUT_REQUEST',
    flag: flag('Timeouts', 'timeout-request', { value: 'TIME' }),
  }),
  ping: option(duration, '60s', {
    description: 'A worker silent for so long is replaced. 0 never does.',
    perGroup: true,
    form: 'duration',
    environment: 'TAIPAN_TIMEOUT_PING',
    flag: flag('Timeouts', 'timeout-ping', { value: 'TIME' }),
  }),
}

/** `queue`: requests that wait for a thread. */
export const QUEUE = {
  limit: option(integer(1), 1000, {
    description: 'Waiting requests; more are answered 503.',
    perGroup: true,
    form: 'number',
    environment: 'TAIPAN_QUEUE_LIMIT',
    flag: flag('Limits', 'queue-limit', { value: 'N' }),
  }),
  timeout: option(duration, '60s', {
    description: 'How long a request may wait; then 504. 0 waits for ever.',
    perGroup: true,
    form: 'duration',
    environment: 'TAIPAN_QUEUE_TIMEOUT',
    flag: flag('Limits', 'queue-timeout', { value: 'TIME' }),
  }),
}

/** `buffers`: bytes held so that slow clients do not hold threads. */
export const BUFFERS = {
  request: option(size, '1mb', {
    description: 'Bytes of one request body gathered before a thread is taken.',
    perGroup: true,
  }),
  requestTotal: option(size, '256mb', {
    description: 'The same for all request bodies together.',
  }),
  response: option(size, '16mb', {
    description: 'Bytes of one response held for a slow client while others need its thread.',
    perGroup: true,
    toWorker: 'responseBuffer',
  }),
  responseTotal: option(size, '256mb', {
    description: 'The same for all responses together.',
    perGroup: true,
  }),
}

/** `webSocket`: how WebSockets are kept. */
export const WEB_SOCKET = {
  message: option(size, '16mb', {
    description: 'Bytes of one message, decompressed; a longer one closes the socket with 1009.',
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
    description: 'How often a ping goes out. 0 sends none.',
    form: 'duration',
    environment: 'TAIPAN_WS_PING_INTERVAL',
    flag: flag('WebSocket', 'ws-ping-interval', { value: 'TIME' }),
  }),
  pingTimeout: option(duration, '20s', {
    description: 'How long a pong may take; then the connection is cut.',
    form: 'duration',
    environment: 'TAIPAN_WS_PING_TIMEOUT',
    flag: flag('WebSocket', 'ws-ping-timeout', { value: 'TIME' }),
  }),
  closeTimeout: option(duration, '5s', {
    description: 'How long a client may take to follow a close; then the connection is cut.',
    form: 'duration',
    environment: 'TAIPAN_WS_CLOSE_TIMEOUT',
    flag: flag('WebSocket', 'ws-close-timeout', { value: 'TIME' }),
  }),
  origins: option(list, [], {
    description:
      'Origin whose pages may open a socket, such as https://example.org; repeatable; without any, all may.',
    form: 'list',
    environment: 'TAIPAN_WS_ORIGINS',
    flag: flag('WebSocket', 'ws-origin', { value: 'ORIGIN' }),
  }),
}
