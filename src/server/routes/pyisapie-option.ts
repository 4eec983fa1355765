import * as v from 'valibot'
import type { InterpreterMap } from '../../pipeline/scripts/interpreter-map.ts'
import { functionOf, text } from '../option-types/kinds.ts'
import { createSection, option, optional } from '../option-types/option.ts'

/** `routes[].pyisapie`. */
const PYISAPIE = {
  directory: optional(text, {
    description: 'Folder of the module and the files; needed.',
    anchor: 'path',
  }),
  module: option(text, 'Isapi', { description: 'Module whose function Request() answers.' }),
  interpreterMap: optional(
    v.union([text, functionOf<InterpreterMap>()], 'a variable, or a function'),
    {
      description:
        'Which requests share their modules: a variable such as SCRIPT_NAME, a function like "maps.py:choose", or a function `(request)` that returns a text (all requests).',
    },
  ),
}

/** `routes[].pyisapie`. */
export const PYISAPIE_OPTION = optional(createSection(PYISAPIE), {
  description: 'Answerer: the module of a PyISAPIe site.',
  table: PYISAPIE,
})
