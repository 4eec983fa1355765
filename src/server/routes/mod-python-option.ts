import * as v from 'valibot'
import { boolean, list, pairs, text } from '../option-types/kinds.ts'
import { createSection, option, optional } from '../option-types/option.ts'

const NAME = String.raw`[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)*`
const HANDLER = String.raw`(?:(?:~\/|\.{1,2}\/|\/)[^\s:|]+|${NAME})(?:::${NAME})?`
const HANDLERS = String.raw`^\s*${HANDLER}(?:\s+${HANDLER})*`
const HANDLERS_ONLY = new RegExp(String.raw`${HANDLERS}\s*$`, 'u')
const HANDLERS_FOR = new RegExp(String.raw`${HANDLERS}(?:\s*\|(?:\s*\.[^\s.\/|]+)+)?\s*$`, 'u')
const REQUIREMENT = /^(?:valid-user|(?:user|group)\s+\S.*)$/

const handlers = v.pipe(
  text,
  v.regex(HANDLERS_FOR, 'handlers like "module", "module::object.attribute" or "module | .py"'),
)
const filters = v.pipe(
  list,
  v.array(
    v.pipe(
      v.string(),
      v.regex(HANDLERS_ONLY, 'filters like "module" or "module::object.attribute"'),
    ),
  ),
)
const requirements = v.pipe(
  list,
  v.array(
    v.pipe(v.string(), v.regex(REQUIREMENT, '"valid-user", "user NAME ..." or "group NAME ..."')),
  ),
)

/** `routes[].modPython.phases`. */
const PHASES = {
  postReadRequest: optional(handlers, { description: 'PythonPostReadRequestHandler.' }),
  headerParser: optional(handlers, { description: 'PythonHeaderParserHandler.' }),
  init: optional(handlers, { description: 'PythonInitHandler.' }),
  access: optional(handlers, { description: 'PythonAccessHandler.' }),
  authen: optional(handlers, { description: 'PythonAuthenHandler.' }),
  authz: optional(handlers, { description: 'PythonAuthzHandler.' }),
  type: optional(handlers, { description: 'PythonTypeHandler.' }),
  fixup: optional(handlers, { description: 'PythonFixupHandler.' }),
  log: optional(handlers, { description: 'PythonLogHandler.' }),
  cleanup: optional(handlers, { description: 'PythonCleanupHandler.' }),
}

const REFUSED_PHASES = {
  trans:
    'there is no phase in which the path of a request could be changed: a route says which folder its path is for',
  connection:
    'handlers of connections are not called: the server reads requests itself, and Python gets no connection; use a phase of requests',
}

/** `routes[].modPython.filters`. */
const FILTERS = {
  input: optional(filters, { description: 'Handlers of the input filters, the first one first.' }),
  output: optional(filters, {
    description: 'Handlers of the output filters, the first one first.',
  }),
}

/** `routes[].modPython.auth`. */
const AUTH = {
  realm: optional(text, { description: 'AuthName: what browsers say where they ask.' }),
  require: optional(requirements, {
    description: 'Require: "valid-user", "user NAME ...", "group NAME ..." (valid-user).',
  }),
}

/** `routes[].modPython`: directives of mod_python. */
const MOD_PYTHON = {
  directory: optional(text, {
    description: 'Folder of the handlers and files; needed.',
    anchor: 'path',
  }),
  handler: optional(handlers, {
    description:
      'PythonHandler: "module", "module::object.attr", several with spaces between, "| .ext" behind (none: only the phases run).',
  }),
  phases: optional(createSection(PHASES), {
    description: 'Handlers of the other phases, written like `handler`.',
    table: PHASES,
    refuses: REFUSED_PHASES,
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
