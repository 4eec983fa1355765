import * as v from 'valibot'
import {
  accessFormat,
  choice,
  integer,
  interval,
  logPlace,
  size,
  text,
} from '../option-types/kinds.ts'
import { createSection, flag, option, optional, type OptionTable } from '../option-types/option.ts'
import { isRecord } from '../option-types/plain-object.ts'

/** `log.access.rotate`. */
const ROTATE = {
  size: option(size, 0, { description: 'Bytes after which a new file is begun. 0: any number.' }),
  every: optional(interval, {
    description:
      'A new file for each hour, day or week, or for each such duration (`30m`, `6h`), by local time.',
  }),
  keep: option(integer(0, 10_000), 7, {
    description: 'Files put aside that are kept; the oldest are removed.',
  }),
}

/** `log.access`. */
const ACCESS_LOG = {
  format: optional(accessFormat, {
    description: 'How a request is shown: pretty, json, common, combined, or a template.',
  }),
  file: optional(text, {
    description: 'File for these records, in place of the log; SIGUSR1 opens it anew.',
    anchor: 'path',
  }),
  to: optional(logPlace, {
    description: 'Another place for these records, as `log.to`.',
  }),
  rotate: optional(createSection(ROTATE), {
    description: 'When the file is put aside (never).',
    table: ROTATE,
  }),
} satisfies OptionTable

const accessLog = createSection(ACCESS_LOG)
const accessSwitch = v.boolean("true, false, or an object like { format: 'combined' }")

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
  to: optional(logPlace, {
    description:
      'Where log records go: stdout, stderr, journald, syslog, syslog:PATH or syslog://HOST:514 (stdout; for the library stderr).',
    environment: 'TAIPAN_LOG_TO',
    flag: flag('Logs', 'log-to', { value: 'PLACE' }),
  }),
  access: optional(
    v.lazy((value) => (isRecord(value) ? accessLog : accessSwitch)),
    {
      description: 'Log one record per request (true; for the library false), and how.',
      form: 'boolean',
      environment: 'TAIPAN_ACCESS_LOG',
      flag: flag('Logs', 'no-access-log', { negative: true, help: 'Log no record per request.' }),
      table: ACCESS_LOG,
      orSwitch: true,
    },
  ),
  accessFormat: optional(accessFormat, {
    description:
      'How a request is shown: pretty, json, common, combined, or a template like `%h %t "%r" %>s` (as other records).',
    environment: 'TAIPAN_ACCESS_FORMAT',
    flag: flag('Logs', 'access-format', { value: 'FORMAT' }),
  }),
  accessFile: optional(text, {
    description: 'File for the records of requests, in place of the log.',
    anchor: 'path',
    environment: 'TAIPAN_ACCESS_FILE',
    flag: flag('Logs', 'access-file', { value: 'FILE' }),
  }),
}
