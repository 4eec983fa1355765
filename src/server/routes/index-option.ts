import * as v from 'valibot'
import { list } from '../option-types/kinds.ts'
import { optional } from '../option-types/option.ts'

/** Files of a folder that answer for it: `index` of the routes that have files. */
export const INDEX_OPTION = optional(
  v.union([list, v.literal(false)], 'a file name, a list of them, or false'),
  {
    description:
      'Files to serve for a folder, in order of preference (index.html; for scripts also those of their kinds); false for none.',
  },
)

/** The files of the option. */
export function resolveIndex(
  given: readonly string[] | false | undefined,
  usual: readonly string[],
): readonly string[] {
  return given === false ? [] : (given ?? usual)
}
