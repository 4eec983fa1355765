import * as v from 'valibot'
import { recordOf, text } from '../option-types/kinds.ts'
import { optional } from '../option-types/option.ts'

const source = v.pipe(
  text,
  v.regex(
    /^(?:sqlite:.+|(?!sqlite:)[A-Za-z_][\w.]*:.*)$/s,
    'a database: "sqlite:FILE", or MODULE:ARGUMENT like "psycopg:dbname=shop"',
  ),
)

const value = v.pipe(
  v.union([v.string(), v.number(), v.boolean()], 'a text, a number, true or false'),
  v.transform(String),
)

/** Options that give values to the scripts of a route. */
export const SCRIPT_VALUES = {
  pools: optional(recordOf(source, 'an object of names and databases'), {
    description:
      'Pools of database connections for scripts, by name: { main: "sqlite:data.db" } or MODULE:ARGUMENT; the first one is the default.',
    anchor: 'database',
    form: 'pairs',
  }),
  config: optional(
    recordOf(recordOf(value, 'an object of keys and values'), 'an object of sections'),
    {
      description: 'Values for scripts by section and key, which Ns.ConfigGetValue reads.',
    },
  ),
}
