import * as v from 'valibot'
import { list, text } from '../option-types/kinds.ts'
import { option, optional } from '../option-types/option.ts'
import { ERROR_PAGES_OPTION } from '../routes/error-pages-option.ts'
import { ROUTE_KIND_OPTIONS } from '../routes/route-kinds.ts'
import { ACCESS_OPTION, AUTH_OPTION, AUTHORIZER_OPTION } from './guard-options.ts'

const methods = v.pipe(
  list,
  v.everyItem(
    (method) => /^[A-Z]+(?:-[A-Z]+)*$/.test(method),
    'a method like "GET", or a list of them',
  ),
)
/** `routes[]`: what answers which hosts and paths. */
export const ROUTE = {
  host: optional(text, {
    description: '`example.org`, or `*.example.org` for all hosts below it; any host by default.',
  }),
  path: option(text, '/', {
    description: 'Matches the path itself and everything below it; the longest path wins.',
  }),
  method: optional(methods, {
    description:
      'Answer these methods only (all; GET includes HEAD); others go to the next matching route.',
  }),
  match: optional(text, {
    description:
      'Answer only what this pattern matches in the rest of the path, such as `*.py` (in any folder), `admin/*` or `/*.py`; the rest goes to the next matching route.',
  }),
  access: ACCESS_OPTION,
  auth: AUTH_OPTION,
  authorizer: AUTHORIZER_OPTION,
  errorPages: ERROR_PAGES_OPTION,
  ...ROUTE_KIND_OPTIONS,
}
