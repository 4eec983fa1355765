import * as v from 'valibot'
import { plainObject } from '../option-types/plain-object.ts'
import { choice, duration, integer, list, text } from '../option-types/kinds.ts'
import { SPAWN_OPTIONS } from './spawn-options.ts'
import { createSection, option, optional, type OptionTable } from '../option-types/option.ts'
import { HTTP_OPTION } from './http-options.ts'

const HASH_WORDS = '"address" or a field like "header:X-User"'
const BALANCE_WORDS = '"least", "round-robin" or an object like { hash: "header:X-User" }'

/** `routes[].upstream.timeouts`. */
const UPSTREAM_TIMEOUTS = {
  connect: option(duration, '5s', {
    description: 'Longest time until an address takes a connection. 0: no limit.',
  }),
  firstByte: option(duration, '60s', {
    description: 'Longest time until an answer begins; then 504. 0: no limit.',
  }),
  betweenBytes: option(duration, '60s', {
    description: 'Longest time between two pieces of an answer; then it is cut off. 0: no limit.',
  }),
  startup: option(duration, '60s', {
    description: 'Longest time until a spawned program takes connections. 0: no limit.',
  }),
  request: option(duration, 0, {
    description: 'Longest time for a whole request, with all addresses; then 504. 0: no limit.',
  }),
} satisfies OptionTable

/** `routes[].upstream.queue`. */
const UPSTREAM_QUEUE = {
  limit: option(integer(1), 1000, {
    description: 'Requests that wait for a connection; more are answered with 503.',
  }),
  timeout: option(duration, '60s', {
    description: 'Longest time in the queue; then 504. 0: no limit.',
  }),
} satisfies OptionTable

const notTooShort = v.pipe(duration, v.minValue(100, 'a duration of at least 100ms'))

const requestPath = v.pipe(text, v.regex(/^\/[\x21-\x7e]*$/, 'a path of a URL, such as "/health"'))

/** `routes[].upstream.health`. */
const UPSTREAM_HEALTH = {
  path: option(requestPath, '/', {
    description: 'What is asked for; an address is healthy that answers with a status below 400.',
  }),
  interval: option(notTooShort, '10s', {
    description: 'Time between two requests to an address.',
  }),
  timeout: option(notTooShort, '5s', { description: 'Longest time for an answer.' }),
} satisfies OptionTable

const balance = v.union(
  [
    v.picklist(['least', 'round-robin']),
    plainObject(
      v.strictObject({
        hash: v.pipe(v.string(HASH_WORDS), v.regex(/^(?:address|header:[\w-]+)$/, HASH_WORDS)),
      }),
      BALANCE_WORDS,
    ),
  ],
  BALANCE_WORDS,
)

/** `routes[].upstream`. */
const UPSTREAM = {
  urls: optional(list, {
    description: 'Addresses that do the same, such as "fastcgi://127.0.0.1:9000".',
    anchor: 'upstream',
  }),
  ...SPAWN_OPTIONS,
  balance: option(balance, 'least', {
    description:
      'Which address gets a request: least, the one with the fewest; round-robin; { hash: "address" } or { hash: "header:NAME" }, the same one for the same client or value.',
  }),
  connections: option(integer(1, 65_535), 16, {
    description: 'Connections to each address at the same time; more requests wait.',
  }),
  timeouts: option(
    createSection(UPSTREAM_TIMEOUTS),
    {},
    { description: 'Time limits.', table: UPSTREAM_TIMEOUTS },
  ),
  queue: option(
    createSection(UPSTREAM_QUEUE),
    {},
    { description: 'Requests that wait for a connection.', table: UPSTREAM_QUEUE },
  ),
  retries: option(choice(['unsent', 'idempotent']), 'unsent', {
    description:
      'unsent: a request goes to the next address only if it was certainly not begun; idempotent: also if nobody knows, where the method may be repeated, such as GET.',
  }),
  health: optional(createSection(UPSTREAM_HEALTH), {
    description:
      'Ask each address regularly; one that is not healthy gets no requests while others are.',
    table: UPSTREAM_HEALTH,
  }),
  sendfile: option(list, [], {
    description:
      'Folders with files that answers may name by X-Sendfile or X-Accel-Redirect instead of a body (none: clients get these fields).',
    anchor: 'path',
  }),
  role: option(choice(['responder', 'filter']), 'responder', {
    description:
      'filter: a FastCGI application in this role; it gets the files in `root`, and answers with what it makes of them.',
  }),
  multiplex: option(v.union([v.literal('auto'), v.literal(false)], '"auto" or false'), false, {
    description:
      'auto: several requests at a time on a connection, if a FastCGI application says that it takes them; a client that reads slowly may then hold up others.',
  }),
  unknownLength: option(v.picklist(['spool', 411, 413], '"spool", 411 or 413'), 'spool', {
    description:
      'What becomes of a long body without a length, where the protocol needs one: it is kept in a temporary file, or answered with 411 or 413.',
  }),
  http: HTTP_OPTION,
} satisfies OptionTable

const section = createSection(UPSTREAM)

/** Whether it is one address, an object is asked for, so that messages name its keys. */
const textOrSection = v.pipe(
  v.lazy((value) => (typeof value === 'string' ? text : section)),
  v.transform((value) => (typeof value === 'string' ? createUsualUpstream(value) : value)),
)

/** `routes[].upstream`. */
export const UPSTREAM_OPTION = optional(textOrSection, {
  description:
    'Answerer: another server, by its address, such as "fastcgi://127.0.0.1:9000", "scgi+unix:/run/app.sock", "uwsgi://127.0.0.1:3031" or "http://127.0.0.1:3000", or several that do the same.',
  anchor: 'upstream',
  table: UPSTREAM,
  orText: true,
})

/** What is known of an upstream. */
export type UpstreamConfig = v.InferOutput<typeof section>

/** An upstream of one address, for which nothing else is configured. */
export function createUsualUpstream(url: string): UpstreamConfig {
  return { ...v.parse(section, {}), urls: [url] }
}
