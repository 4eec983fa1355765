import { boolean, period } from '../option-types/kinds.ts'
import { createSection, flag, option, optional } from '../option-types/option.ts'

/** `http.hsts`: Strict-Transport-Security. */
const HSTS = {
  maxAge: option(period, '365d', {
    description: 'How long browsers use https alone after a response.',
  }),
  includeSubDomains: option(boolean, false, {
    description: 'For all names below that of the request, too.',
  }),
  preload: option(boolean, false, {
    description: 'Allow browsers to know the name beforehand.',
  }),
}

/** `http`: how HTTP is spoken. */
export const HTTP = {
  requestId: option(boolean, true, {
    description:
      'Tell the client the id of its request by X-Request-Id, and the application, too; false lets the field of the client pass.',
    form: 'boolean',
    environment: 'TAIPAN_REQUEST_ID',
    flag: flag('Listening', 'no-request-id', {
      negative: true,
      help: 'Tell clients and applications no ids of requests.',
    }),
  }),
  redirect: option(boolean, false, {
    description: 'Redirect requests that come without TLS to https (308).',
  }),
  http2: option(boolean, true, {
    description: 'Speak HTTP/2 with clients that ask for it, with and without TLS.',
  }),
  hsts: optional(createSection(HSTS), {
    description: 'Tell browsers to use https alone (Strict-Transport-Security).',
    table: HSTS,
  }),
}
