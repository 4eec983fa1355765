import * as v from 'valibot'
import { choice, duration, sizeAboveZero, text } from '../option-types/kinds.ts'
import { flag, option, optional } from '../option-types/option.ts'

const store = v.pipe(
  text,
  v.regex(
    /^(?:sqlite(?::.+)?|(?:rediss?|unix):\/\/.+)$/,
    '"sqlite", "sqlite:FILE" or the URL of a Redis like "redis://127.0.0.1:6379/0"',
  ),
)
const cookieName = v.pipe(
  text,
  v.regex(/^[\w!#$%&'*+.^`|~-]+$/, 'the name of a cookie: letters, digits, "-", "_"'),
)
const cookiePath = v.pipe(
  text,
  v.regex(/^\/[\x21-\x3a\x3c-\x7e]*$/, 'the path of a cookie: begins with "/", no ";" in it'),
)
const cookieDomain = v.pipe(text, v.regex(/^\.?[a-z\d-]+(?:\.[a-z\d-]+)*$/i, 'the name of a host'))
const time = v.pipe(duration, v.minValue(1, 'a duration that is not zero'))

/** `sessions`: sessions of scripts and pages. */
export const SESSIONS = {
  store: option(store, 'sqlite', {
    description:
      'What keeps sessions of scripts and pages: sqlite (a temporary file), sqlite:FILE, or the URL of a Redis, redis://HOST.',
    anchor: 'store',
    environment: 'TAIPAN_SESSIONS',
    flag: flag('Files', 'sessions', { value: 'STORE' }),
  }),
  lifetime: option(time, '30m', {
    description: 'Time without a request after which a session ends.',
  }),
  lockTimeout: option(time, '10s', {
    description:
      'Longest time that a request waits for another one of its session; then it is answered with 503.',
  }),
  limit: option(sizeAboveZero, '1mb', {
    description: 'Bytes of one session, and of each value of the application.',
  }),
  cookie: option(cookieName, 'sid', { description: 'Name of the cookie.' }),
  path: optional(cookiePath, {
    description: 'Path of the cookie (that of the route).',
  }),
  domain: optional(cookieDomain, {
    description: 'Domain of the cookie, for hosts below it, too (the host of the request alone).',
  }),
  sameSite: option(choice(['lax', 'strict', 'none']), 'lax', {
    description: 'Whether requests that other sites cause have the cookie.',
  }),
}
