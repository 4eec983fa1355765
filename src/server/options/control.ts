import * as v from 'valibot'
import { text } from '../option-types/kinds.ts'
import { CONTROL_COMMANDS, createSection, flag, optional } from '../option-types/option.ts'

const token = v.pipe(text, v.regex(/^[\x21-\x7e]+$/, 'a token: printable ASCII without spaces'))

/** `control`: the address where the server is controlled. */
const CONTROL = {
  bind: optional(text, {
    description:
      'Address where taipan status, reload and others reach the server: unix:PATH, for the same user and root alone, or with a token a port of this machine, 127.0.0.1:PORT (none).',
    anchor: 'address',
    environment: 'TAIPAN_CONTROL',
    flag: flag('Listening', 'control', {
      value: 'ADDR',
      commands: ['serve', 'check', ...CONTROL_COMMANDS],
    }),
  }),
  token: optional(token, {
    description: 'What clients must know, as in Authorization: Bearer TOKEN; a port needs one.',
    environment: 'TAIPAN_CONTROL_TOKEN',
  }),
}

const section = createSection(CONTROL)

/** Whether it is an address, an object is asked for, so that messages name its keys. */
const textOrSection = v.pipe(
  v.lazy((value) => (typeof value === 'string' ? text : section)),
  v.transform((value) => (typeof value === 'string' ? { bind: value } : value)),
)

/** `control`, as it may be written. */
export const CONTROL_OPTION = optional(textOrSection, {
  description:
    'Address where taipan status, reload and others reach the server, as a text, or with a token as an object.',
  anchor: 'address',
  table: CONTROL,
  orText: true,
  textKey: 'bind',
})
