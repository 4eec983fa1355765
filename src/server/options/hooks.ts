import { list, text } from '../option-types/kinds.ts'
import { flag, option, optional } from '../option-types/option.ts'

/** Python of the application that runs at turns of a worker's life. */
export const HOOKS = {
  hooks: optional(text, {
    description:
      'Module with functions that are called when a worker begins, is ready and ends (taipan_hooks, if there is such a file beside the application).',
    perGroup: true,
    toWorker: 'hooks',
    environment: 'TAIPAN_HOOKS',
    flag: flag('Processes', 'hooks', { value: 'MODULE' }),
  }),
  startup: option(list, [], {
    description:
      'Module or file that each worker runs once, when its applications are loaded and before its requests; repeatable.',
    form: 'list',
    perGroup: true,
    toWorker: 'startup',
    environment: 'TAIPAN_STARTUP',
    flag: flag('Processes', 'startup', { value: 'MODULE' }),
  }),
}
