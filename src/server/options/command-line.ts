import { boolean, text } from '../option-types/kinds.ts'
import { flag, optional } from '../option-types/option.ts'

/** Options of the command line that are not part of a configuration. */
export const COMMAND_LINE = {
  config: optional(text, {
    description:
      'Configuration file (without TARGET: taipan.config.{ts,mts,js,mjs,json} in the working directory).',
    environment: 'TAIPAN_CONFIG',
    flag: flag('General', 'config', { value: 'FILE' }),
  }),
  chdir: optional(text, {
    description: 'Working directory: for relative paths and for the application.',
    flag: flag('Application', 'chdir', { value: 'DIR' }),
  }),
  json: optional(boolean, {
    description: 'Print the report as JSON.',
    form: 'boolean',
    flag: flag('General', 'json', { commands: ['check'] }),
  }),
  help: optional(boolean, {
    description: 'Print this help.',
    form: 'boolean',
    flag: flag('General', 'help', { short: 'h', commands: ['serve', 'check', 'path'] }),
  }),
  version: optional(boolean, {
    description: 'Print the version.',
    form: 'boolean',
    flag: flag('General', 'version', { short: 'v', commands: ['serve', 'check', 'path'] }),
  }),
}
