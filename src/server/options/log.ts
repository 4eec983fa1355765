import { accessFormat, boolean, choice } from '../option-types/kinds.ts'
import { flag, option, optional } from '../option-types/option.ts'

/** `log`: what is logged. */
export const LOG = {
  level: optional(choice(['debug', 'info', 'warn', 'error', 'silent']), {
    description:
      'Least severe log records to write: debug, info, warn, error or silent (info; for the library warn).',
    environment: 'TAIPAN_LOG_LEVEL',
    flag: flag('Logs', 'log-level', { value: 'LEVEL' }),
  }),
  format: option(choice(['pretty', 'json']), 'pretty', {
    description: 'Format of log records: for people (pretty) or one JSON object per line (json).',
    environment: 'TAIPAN_LOG_FORMAT',
    flag: flag('Logs', 'log-format', { value: 'FORMAT' }),
  }),
  access: optional(boolean, {
    description: 'Log one record per request (true; for the library false).',
    form: 'boolean',
    environment: 'TAIPAN_ACCESS_LOG',
    flag: flag('Logs', 'no-access-log', { negative: true, help: 'Log no record per request.' }),
  }),
  accessFormat: option(accessFormat, 'pretty', {
    description:
      'How pretty logs show a request: pretty, common, combined, or a template like `%h %t "%r" %>s`. JSON always has all fields.',
    environment: 'TAIPAN_ACCESS_FORMAT',
    flag: flag('Logs', 'access-format', { value: 'FORMAT' }),
  }),
}
