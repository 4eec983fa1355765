import * as v from 'valibot'
import { plainObject } from '../option-types/plain-object.ts'
import { optional } from '../option-types/option.ts'

const PATH_WORDS = 'the path of a page in a URL, such as "/missing.html"'

const pages = plainObject(
  v.record(
    v.pipe(v.string(), v.regex(/^[45]\d\d$/, 'a status from 400 to 599')),
    v.pipe(v.string(PATH_WORDS), v.regex(/^\/[\x21\x22\x24-\x7e]*$/, PATH_WORDS)),
  ),
  'an object of statuses and paths',
)

/** `errorPages` of all routes. */
export const ERROR_PAGES_OPTION = optional(pages, {
  description:
    'Pages for errors that have no page of their own, by status: { "404": "/missing.html" }. The paths are those of URLs, and any route may answer them.',
})
