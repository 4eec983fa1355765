import { boolean, list, pairs, text } from '../option-types/kinds.ts'
import { createSection, option, optional } from '../option-types/option.ts'

/** `routes[].modPython.phases`. */
const PHASES = {
  postReadRequest: optional(text, { description: 'PythonPostReadRequestHandler.' }),
  headerParser: optional(text, { description: 'PythonHeaderParserHandler.' }),
  init: optional(text, { description: 'PythonInitHandler.' }),
  access: optional(text, { description: 'PythonAccessHandler.' }),
  authen: optional(text, { description: 'PythonAuthenHandler.' }),
  authz: optional(text, { description: 'PythonAuthzHandler.' }),
  type: optional(text, { description: 'PythonTypeHandler.' }),
  fixup: optional(text, { description: 'PythonFixupHandler.' }),
  log: optional(text, { description: 'PythonLogHandler.' }),
  cleanup: optional(text, { description: 'PythonCleanupHandler.' }),
}

/** `routes[].modPython.filters`. */
const FILTERS = {
  input: optional(list, { description: 'Handlers of the input filters, the first one first.' }),
  output: optional(list, { description: 'Handlers of the output filters, the first one first.' }),
}

/** `routes[].modPython.auth`. */
const AUTH = {
  realm: optional(text, { description: 'AuthName: what browsers say where they ask.' }),
  require: optional(list, {
    description: 'Require: "valid-user", "user NAME ..." (valid-user).',
  }),
}

/** `routes[].modPython`: directives of mod_python. */
const MOD_PYTHON = {
  directory: optional(text, {
    description: 'Folder of the handlers and files; needed.',
    anchor: 'path',
  }),
  handler: optional(text, {
    description:
      'PythonHandler: "module", "module::object.attr", several with spaces between, "| .ext" behind (none: only the phases run).',
  }),
  phases: optional(createSection(PHASES), {
    description: 'Handlers of the other phases, written like `handler`.',
    table: PHASES,
  }),
  options: optional(pairs, {
    description: 'PythonOption: what `req.get_options()` gives.',
  }),
  debug: option(boolean, false, { description: 'PythonDebug: clients see tracebacks.' }),
  autoReload: option(boolean, true, {
    description: 'PythonAutoReload: load modules again when their files have changed.',
  }),
  path: optional(list, {
    description: 'PythonPath: folders that modules are looked for in, too.',
    anchor: 'path',
  }),
  filters: optional(createSection(FILTERS), {
    description: 'PythonInputFilter and PythonOutputFilter.',
    table: FILTERS,
  }),
  auth: optional(createSection(AUTH), {
    description: 'AuthName and Require, for `phases.authen` and `phases.authz`.',
    table: AUTH,
  }),
}

/** `routes[].modPython`. */
export const MOD_PYTHON_OPTION = optional(createSection(MOD_PYTHON), {
  description: 'Answerer: handlers of mod_python.',
  table: MOD_PYTHON,
})
