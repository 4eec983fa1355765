import { boolean, fieldValue, text } from '../option-types/kinds.ts'
import { createSection, option, optional, type OptionTable } from '../option-types/option.ts'

const HTTP = {
  host: optional(fieldValue, {
    description: 'Value of Host for the upstream (that of the client).',
  }),
  rewriteLocation: option(boolean, false, {
    description:
      'Location fields that name the upstream itself, or a path on it, name what is below the route.',
  }),
  rewriteCookies: option(boolean, false, {
    description: 'The path of cookies is below the route.',
  }),
  ca: optional(text, {
    description:
      'File with the certificates (PEM) that sign those of https upstreams (those that come with Node).',
    anchor: 'path',
  }),
  insecure: option(boolean, false, {
    description:
      'Certificates of https upstreams are not checked: anybody may answer in their place.',
  }),
} satisfies OptionTable

/** `routes[].upstream.http`. */
export const HTTP_OPTION = option(
  createSection(HTTP),
  {},
  { description: 'How HTTP upstreams are spoken to.', table: HTTP },
)
