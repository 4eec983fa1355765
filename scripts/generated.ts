import { toJsonSchema } from '@valibot/to-json-schema'
import type { GivenOption, Meaning } from '../src/cli/habits/habit.ts'
import { findHabit } from '../src/cli/habits/translation.ts'
import { HABITS } from '../src/cli/habits/table.ts'
import { readWords } from '../src/cli/words.ts'
import { ERRORS, type ErrorFacts } from '../src/core/errors.ts'
import type { Option, OptionTable } from '../src/server/option-types/option.ts'
import { listFlags, SECTIONS, type OptionSection } from '../src/server/options/schema.ts'
import { GROUP, TOP } from '../src/server/options/table.ts'
import { SERVERS } from './servers.ts'

/** The JSON Schema of a configuration file, for editors. */
export function formatJsonSchema(): string {
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Configuration of Taipan',
    ...describeTable(TOP, { $schema: { type: 'string', description: 'This schema.' } }),
  }
  return `${JSON.stringify(schema, undefined, 2)}\n`
}

const TEXT = { type: 'string', minLength: 1 }
const SWITCH = { type: 'boolean' }

function describeTable(table: OptionTable, more: object = {}): object {
  const ofData = Object.entries(table).filter(([, option]) => option.onlyInCode !== true)
  const options = ofData.map(([key, option]) => [key, describeOption(option)])
  const properties = { ...more, ...Object.fromEntries(options) }
  return { type: 'object', properties, additionalProperties: false }
}

function describeOption(option: Option): object {
  const { table, holdsMany, orText, orSwitch, description, fallback } = option
  const facts = { description, ...(fallback !== undefined && { default: fallback }) }
  if (table !== undefined && holdsMany !== true) {
    const section = describeTable(table)
    const others = [...(orText === true ? [TEXT] : []), ...(orSwitch === true ? [SWITCH] : [])]
    return { ...facts, ...(others.length > 0 ? { anyOf: [...others, section] } : section) }
  }
  const schema = describeSchema(option)
  if (table === undefined) return { ...facts, ...schema }
  const members = schema.type === 'array' ? 'items' : 'additionalProperties'
  return { ...facts, ...schema, [members]: describeTable(table) }
}

function describeSchema({ schema: given }: Option) {
  const options = { typeMode: 'input', errorMode: 'ignore' } as const
  const { $schema: _, anyOf, ...schema } = toJsonSchema(given, options)
  if (anyOf === undefined) return schema
  // A function, which JSON does not have, would allow everything.
  const [only, ...others] = anyOf.filter(
    (one) => typeof one !== 'object' || Object.keys(one).length > 0,
  )
  return others.length === 0 && typeof only === 'object'
    ? { ...schema, ...only }
    : { ...schema, anyOf: [only, ...others] }
}

/** Inserts generated tables between the markers of a page: `<!-- table: NAME -->` and `<!-- end -->`. */
export function fillTables(page: string, tables: ReadonlyMap<string, string>): string {
  return page.replaceAll(/<!-- table: (.*?) -->\n[\s\S]*?<!-- end -->/g, (_match, name: string) => {
    const table = tables.get(name)
    if (table === undefined)
      throw new Error(`no table ${name}; there are ${[...tables.keys()].join(', ')}`)
    return `<!-- table: ${name} -->\n${table}<!-- end -->`
  })
}

/** The tables of `docs/configuration.md`. */
export function formatConfigurationTables(): ReadonlyMap<string, string> {
  const tables = SECTIONS.filter(isOwn).map(
    (section) => [section.path || 'top', formatSection(withoutGroup(section))] as const,
  )
  return new Map([...tables, ['flags', formatFlags()], ['habits', formatHabits()]])
}

/** Programs without requests have the options of groups, which have tables already. */
const LIKE_GROUPS = /^(?:services|cron)\.\*/

function isOwn({ path }: OptionSection): boolean {
  return !LIKE_GROUPS.test(path) || path.endsWith('.*')
}

function withoutGroup(section: OptionSection): OptionSection {
  if (!LIKE_GROUPS.test(section.path)) return section
  const own = Object.entries(section.table).filter(([key]) => !Object.hasOwn(GROUP, key))
  return { ...section, table: Object.fromEntries(own) }
}

/** The tables of `docs/errors.md`. */
export function formatErrorTables(): ReadonlyMap<string, string> {
  const entries = Object.entries<ErrorFacts>(ERRORS)
  const all = entries.map(([code, { summary, fault, status, exitCode }]) =>
    formatRow([`\`${code}\``, summary, fault, String(status ?? ''), String(exitCode ?? '')]),
  )
  const exits = new Map<number, string[]>()
  for (const [, { summary, exitCode }] of entries)
    if (exitCode !== undefined) exits.set(exitCode, [...(exits.get(exitCode) ?? []), summary])
  const exitRows = [...exits].map(([exitCode, summaries]) =>
    formatRow([String(exitCode), summaries.join('; ')]),
  )
  return new Map([
    ['errors', formatTable(['code', 'meaning', 'who has to act', 'HTTP status', 'exit code'], all)],
    ['exit codes', formatTable(['exit code', 'meaning'], exitRows)],
  ])
}

/** The tables of `docs/coming-from.md`. */
export function formatServerTables(): ReadonlyMap<string, string> {
  const tables = Object.entries(SERVERS).map(([server, options]) => {
    const rows = options.map((written) => {
      const [option] = readWords(written.split(' ')).options
      if (option === undefined) throw new Error(`${server}: ${written} is no option`)
      return formatRow([`\`${written}\``, describeGiven(option)])
    })
    return [server, formatTable([server, 'here'], rows)] as const
  })
  return new Map(tables)
}

function describeGiven(option: GivenOption): string {
  const habit = findHabit(option)
  if (habit !== undefined) return describeMeaning(habit.meaning, option.value)
  const own = listFlags().find(({ flag }) => flag.name === option.name)
  return own?.form === 'duration'
    ? `\`--${option.name} ${option.value}s\`, with a unit`
    : 'the same'
}

function formatSection({ path, table }: OptionSection): string {
  const rows = Object.entries<Option>(table).map(([key, { description, fallback }]) =>
    formatRow([
      `\`${path ? `${path}.${key}`.replaceAll('*', 'NAME').replace('routes.NAME', 'routes[]') : key}\``,
      description,
      formatFallback(fallback),
    ]),
  )
  return formatTable(['key', 'meaning', 'default'], rows)
}

function formatFlags(): string {
  const rows = listFlags().map(({ flag, key, environment, description }) => {
    const names = [`--${flag.name}${flag.value === undefined ? '' : ` ${flag.value}`}`]
    if (flag.short !== undefined) names.unshift(`-${flag.short}`)
    return formatRow([
      names.map((name) => `\`${name.replaceAll('|', '\\|')}\``).join(' '),
      environment === undefined ? '' : `\`${environment}\``,
      key === '' ? '' : `\`${key}\``,
      flag.help ?? description,
    ])
  })
  return formatTable(['flag', 'variable', 'key', 'meaning'], rows)
}

function formatHabits(): string {
  const own = new Set(listFlags().map(({ flag }) => flag.name))
  const foreign = HABITS.filter(({ names }) => !names.some((name) => own.has(name)))
  const rows = foreign.map(({ names, short, value, meaning }) => {
    const written = [...(short === undefined ? [] : [`-${short}`]), ...names.map(formatName)]
    const argument = value === undefined ? '' : ` ${value}`
    return formatRow([
      [...new Set(written)].map((name) => `\`${name}${argument}\``).join(' '),
      describeMeaning(meaning),
    ])
  })
  return formatTable(['option', 'meaning'], rows)
}

function formatName(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`
}

/** With the value that is given, or without one for whatever may be given. */
function describeMeaning(meaning: Meaning, given?: string): string {
  switch (meaning.is) {
    case 'option': {
      const value = given === undefined ? '' : (meaning.convert?.(given) ?? given)
      const flag = `--${meaning.flag}${value && ` ${value}`}`
      return `\`${flag}\`${meaning.note === undefined ? '' : `; ${meaning.note}`}`
    }
    case 'host':
    case 'port':
      return `\`--bind\`, as its ${meaning.is}`
    case 'target':
      return 'TARGET'
    case 'factory':
      return "TARGET is a factory, as in `'pkg.mod:create_app()'`"
    case 'nothing':
      return `no effect: ${meaning.reason}`
    case 'refused':
      return `an error: ${meaning.reason}`
    default:
      return meaning satisfies never
  }
}

function formatTable(heads: readonly string[], rows: readonly string[]): string {
  return [formatRow(heads), formatRow(heads.map(() => '---')), ...rows, ''].join('\n')
}

function formatRow(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

function formatFallback(fallback: unknown): string {
  const simple = ['string', 'number', 'boolean'].includes(typeof fallback)
  return simple ? `\`${String(fallback)}\`` : ''
}
