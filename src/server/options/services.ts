import * as v from 'valibot'
import { pairs, recordOf, text } from '../option-types/kinds.ts'
import { createSection, option, optional, type OptionTable } from '../option-types/option.ts'

const WORDS = 'a module, "module:function", a file like "jobs.py", or the words of a command'
const run = v.union([text, v.pipe(v.array(text, WORDS), v.minLength(1, WORDS))], WORDS)

/** What every program has that answers no requests. */
const PROGRAM = {
  run: optional(run, {
    description: `What is run: ${WORDS} as a list.`,
    anchor: 'file',
  }),
  env: option(pairs, {}, { description: 'Environment variables of its processes.' }),
} satisfies OptionTable

/** The options of programs that answer no requests; `group` are those of process groups. */
export function createServiceOptions<T extends OptionTable>(group: T) {
  const service = { ...PROGRAM, ...group }
  const job = {
    name: optional(text, { description: 'What it is called in messages (its number).' }),
    schedule: optional(text, {
      description:
        'When it is run, by local time: minute, hour, day, month and day of the week as in a crontab, or @hourly, @daily, @weekly, @monthly.',
    }),
    ...service,
  }
  return {
    services: option(
      recordOf(createSection(service), 'an object of services'),
      {},
      { description: 'Programs that are kept running, by name.', table: service, holdsMany: true },
    ),
    cron: option(v.array(createSection(job), 'a list of jobs'), [], {
      description: 'Programs that are run at times.',
      table: job,
      holdsMany: true,
    }),
  }
}
