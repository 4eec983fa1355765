import { boolean } from '../option-types/kinds.ts'
import { optional } from '../option-types/option.ts'

/** `fallthrough` of the routes that have files. */
export const FALLTHROUGH_OPTION = optional(boolean, {
  description:
    'Pass requests without a file or script to the next matching route instead of answering 404 (false).',
})
