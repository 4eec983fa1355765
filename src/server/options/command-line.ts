import { boolean, text } from '../option-types/kinds.ts'
import { CONTROL_COMMANDS, flag, optional } from '../option-types/option.ts'

/** Commands that have a server, or speak with one. */
const ALL = ['serve', 'check', ...CONTROL_COMMANDS] as const

/** Options of the command line that are not part of a configuration. */
export const COMMAND_LINE = {
  config: optional(text, {
    description:
      'Configuration file (without TARGET: taipan.config.{ts,mts,js,mjs,json} in the working directory).',
    environment: 'TAIPAN_CONFIG',
    flag: flag('General', 'config', { value: 'FILE', commands: ALL }),
  }),
  chdir: optional(text, {
    description: 'Working directory: for relative paths and for the application.',
    flag: flag('Application', 'chdir', { value: 'DIR', commands: ALL }),
  }),
  json: optional(boolean, {
    description: 'Print the answer as JSON.',
    form: 'boolean',
    flag: flag('General', 'json', { commands: ['check', 'status', 'stacks'] }),
  }),
  help: optional(boolean, {
    description: 'Print this help.',
    form: 'boolean',
    flag: flag('General', 'help', { short: 'h', commands: [...ALL, 'path'] }),
  }),
  version: optional(boolean, {
    description: 'Print the version.',
    form: 'boolean',
    flag: flag('General', 'version', { short: 'v', commands: [...ALL, 'path'] }),
  }),
}
