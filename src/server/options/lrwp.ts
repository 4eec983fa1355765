import * as v from 'valibot'
import { isNetwork } from '../../core/networks.ts'
import { choice, duration, integer, list, sizeAboveZero, text } from '../option-types/kinds.ts'
import { plainObject } from '../option-types/plain-object.ts'
import { createSection, flag, option, optional } from '../option-types/option.ts'

const networks = v.pipe(
  list,
  v.everyItem(isNetwork, 'a network like "10.0.0.0/8", an IP address, or a list of them'),
)
const passphrases = plainObject(v.record(v.string(), text), 'an object of names and passphrases')
const MOST_MS = 30_000
const registration = v.pipe(
  duration,
  v.minValue(1, 'a duration from 1ms to 30s'),
  v.maxValue(MOST_MS, 'a duration from 1ms to 30s'),
)

/** `lrwp.queue`: requests that wait for a peer. */
const LRWP_QUEUE = {
  limit: option(integer(1), 1000, {
    description: 'Waiting requests of each name; more are answered with 503.',
    form: 'number',
  }),
  timeout: option(duration, '60s', {
    description: 'Longest time in the queue; then 504. 0: no limit.',
    form: 'duration',
  }),
}

/** `lrwp.timeouts`: time limits for peers. */
const LRWP_TIMEOUTS = {
  request: option(duration, '60s', {
    description:
      'Longest time until a peer has answered a request; then 504, and the peer is dropped. 0: no limit.',
    form: 'duration',
  }),
  registration: option(registration, '10s', {
    description: 'Longest time for a new connection to register, at most 30s; then it is closed.',
    form: 'duration',
  }),
}

/** `lrwp`: programs that connect to the server to answer requests. */
export const LRWP = {
  bind: optional(list, {
    description:
      'Address where LRWP peers register: host:port or unix:PATH; repeatable (127.0.0.1:1081).',
    form: 'list',
    anchor: 'address',
    environment: 'TAIPAN_LRWP',
    flag: flag('Listening', 'lrwp', {
      value: 'ADDR',
      help: 'Let LRWP peers register at this address; each answers below the path that is its name; repeatable.',
    }),
  }),
  allow: option(networks, ['127.0.0.0/8', '::1'], {
    description: 'Networks from which peers may register (127.0.0.0/8 and ::1, this machine).',
  }),
  passphrases: option(
    passphrases,
    {},
    { description: 'What peers must know to register by a name; only peers of LRWP 2.0 can.' },
  ),
  balance: option(choice(['round-robin', 'first-idle']), 'round-robin', {
    description:
      'Which idle peer of a name gets a request: each in turn (round-robin), or the one that registered first (first-idle).',
  }),
  connections: option(integer(1, 65_535), 1000, {
    description: 'Peers at the same time, of all names; more are turned away.',
    form: 'number',
  }),
  response: option(sizeAboveZero, '256mb', {
    description: 'Bytes of the longest response of a peer; a longer one is answered with 502.',
  }),
  queue: option(
    createSection(LRWP_QUEUE),
    {},
    { description: 'Requests that wait for a peer.', table: LRWP_QUEUE },
  ),
  timeouts: option(
    createSection(LRWP_TIMEOUTS),
    {},
    { description: 'Time limits for peers.', table: LRWP_TIMEOUTS },
  ),
}
