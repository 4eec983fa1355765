import { boolean, functionOf, pairs, text, texts } from '../option-types/kinds.ts'
import * as v from 'valibot'
import type { DispatchFunction } from '../../pipeline/dispatch/choosers.ts'
import { option, optional } from '../option-types/option.ts'
import { interfaces } from './interfaces.ts'

/** `apps.NAME`: applications, by target, or by folder, file and callable. */
export const APP = {
  target: optional(text, {
    description: 'The application as on the command line: `pkg.mod:attr`, `path/app.py`, a folder.',
  }),
  appDirectory: optional(text, {
    description:
      'Folder that a relative target or file starts from; on `sys.path` (the folder of the configuration).',
    anchor: 'path',
  }),
  appFilename: optional(text, {
    description: 'Instead of a target: a file, executed as a module of its own (application.py).',
  }),
  callable: optional(text, {
    description: 'Name of the callable (for a target the usual names; for a file handler).',
  }),
  callableQueryName: optional(v.nullable(text), {
    description:
      'Query parameter by which clients select the callable; null, the default, disables this.',
  }),
  cacheCallables: option(boolean, true, {
    description: 'False: load the application for each request.',
  }),
  reloadOnModification: option(boolean, false, {
    description: 'Load a file again when its modification time changes.',
  }),
  multithread: option(boolean, true, {
    description: 'False: run one request at a time in each process.',
  }),
  interpreter: optional(text, {
    description:
      'Sub-interpreter that it runs in, shared by the applications of its group that give the same name (main, the main interpreter). Needs Python 3.12.',
  }),
  interface: option(interfaces, 'auto', { description: 'How the application is called.' }),
  group: optional(text, { description: 'Its process group (needed if there are several).' }),
  dispatch: optional(
    v.union([text, functionOf<DispatchFunction>()], 'a Python file or a function'),
    {
      description:
        'Chooses for each request: a Python file with `process_group(environ)`, `application_group(environ)` and `callable_object(environ)`, or a function `(request)`.',
      anchor: 'path',
    },
  ),
  arguments: optional(texts, {
    description: 'Its arguments: `sys.argv` after the target (`arguments` at the top).',
  }),
  env: option(pairs, {}, { description: 'Environment variables of its processes.' }),
}
