import { text } from '../option-types/kinds.ts'
import { createSection, option, optional } from '../option-types/option.ts'

/** `routes[].pyisapie`. */
const PYISAPIE = {
  directory: optional(text, {
    description: 'Folder of the module and the files; needed.',
    anchor: 'path',
  }),
  module: option(text, 'Isapi', { description: 'Module whose function Request() answers.' }),
  interpreterMap: optional(text, {
    description:
      'Which requests share their modules: a variable such as SCRIPT_NAME, or a function like "maps.py:choose" (all requests).',
  }),
}

/** `routes[].pyisapie`. */
export const PYISAPIE_OPTION = optional(createSection(PYISAPIE), {
  description: 'Answerer: the module of a PyISAPIe site.',
  table: PYISAPIE,
})
