import * as v from 'valibot'
import { lacksUnit } from '../option-types/kinds.ts'
import { createSection, type Section } from '../option-types/option.ts'
import { COMMAND_LINE } from '../options/command-line.ts'
import { TOP } from '../options/table.ts'
import { SECTIONS, type FullConfig, type OptionSection } from '../options/schema.ts'
import { suggest } from '../../core/suggest.ts'
import { isRecord } from '../option-types/plain-object.ts'
import { addSynonyms } from './synonyms.ts'
import { Problems, type OptionPath, type OptionSources } from '../option-types/problems.ts'

/** An unchecked configuration. */
export interface Candidate {
  readonly value: unknown
  readonly sources: OptionSources
  /** What the configuration file is called in messages. */
  readonly file?: string | undefined
}

/** Checks a configuration and fills in defaults. Throws one error with all problems, those of `listMore` included. */
export function validateConfig(
  { value, sources, file }: Candidate,
  listMore?: (config: FullConfig) => Problems,
): FullConfig {
  const { success, output: config, issues = [] } = readConfig(value)
  const problems = new Problems(sources, file)
  for (const issue of issues) addIssue(issue, value, problems)
  addMissingThreads(value, problems)
  addSynonyms(value, problems)
  if (success && problems.size === 0) return config
  if (listMore !== undefined)
    addOtherProblems({ value, wrong: issues.map(listKeysTo), listMore }, problems)
  throw problems.createError()
}

/** Adds problems of what remains without the wrong values, unless they are only a consequence of these. */
function addOtherProblems(
  rest: {
    readonly value: unknown
    readonly wrong: readonly OptionPath[]
    listMore(config: FullConfig): Problems
  },
  problems: Problems,
): void {
  const { value, wrong } = rest
  // Without whole applications or groups all that refers to them would seem wrong.
  if (
    wrong.some((path) => path.length < 3 && /^(?:apps|app|groups|routes)$/.test(path[0] ?? 'apps'))
  )
    return
  const remains = readConfig(wrong.reduce<unknown>(removeValue, value))
  if (!remains.success) return
  // Whatever has lost a value would seem to lack it.
  problems.addFrom(
    rest.listMore(remains.output),
    (path) => !wrong.some((removed) => path.every((key, at) => key === removed[at])),
  )
}

function readConfig(value: unknown): v.SafeParseResult<Section<typeof TOP>> {
  return v.safeParse(createSection(TOP), value, { abortPipeEarly: true })
}

function listKeysTo({ path }: v.BaseIssue<unknown>): string[] {
  return path?.map(({ key }) => String(key)) ?? []
}

/** A copy of a configuration without one value. */
function removeValue(value: unknown, [head = '', ...rest]: readonly string[]): unknown {
  if (Array.isArray(value))
    return value.map((one: unknown, index) =>
      String(index) === head ? removeValue(one, rest) : one,
    )
  if (!isRecord(value)) return value
  const { [head]: inner, ...others } = value
  return rest.length === 0 ? others : { ...others, [head]: removeValue(inner, rest) }
}

/** Zero threads are possible in embedded groups only. */
function addMissingThreads(value: unknown, problems: Problems): void {
  if (!isRecord(value)) return
  const groups = isRecord(value['groups']) ? Object.entries(value['groups']) : []
  const threadless = (groups.length === 0 ? [['', {}] as const] : groups).filter(
    ([, group]) =>
      isRecord(group) &&
      (group['threads'] ?? value['threads']) === 0 &&
      (group['engine'] ?? value['engine'] ?? 'daemon') === 'daemon',
  )
  for (const [name, group] of threadless) {
    const own = isRecord(group) && group['threads'] !== undefined
    problems.add(
      own ? ['groups', name, 'threads'] : ['threads'],
      'expected a whole number from 1 to 512, found 0; 0 runs WSGI on the thread of Node, which needs the engine "embedded"',
    )
  }
}

function addIssue(issue: v.BaseIssue<unknown>, config: unknown, problems: Problems): void {
  const path = listKeysTo(issue)
  problems.add(path, describeIssue(issue, path, lookUp(config, path)))
}

function describeIssue(
  { type, message: expected, path: keys }: v.BaseIssue<unknown>,
  path: OptionPath,
  value: unknown,
): string {
  if (type === 'never') return describeUnknownKey(path, value)
  if (keys?.at(-1)?.origin === 'key') return `the name must be ${expected}`
  if (lacksUnit(expected, value)) return `${value} what? write ${value}s or ${value}ms`
  const text = `expected ${expected}, found ${formatFound(value, path)}`
  return path.length === 0 ? `the configuration: ${text}` : text
}

function describeUnknownKey(path: OptionPath, value: unknown): string {
  const key = path.at(-1) ?? ''
  const parent = path.slice(0, -1)
  const section = findSection(parent)
  const refused = section?.refuses?.[key]
  if (refused !== undefined) return refused
  const keys = Object.keys(section?.table ?? {})
  if (parent.length === 0 && Object.hasOwn(COMMAND_LINE, key))
    return 'is an option of the command line, not of a configuration'
  const known = ` Known here: ${keys.join(', ')}.`
  return `unknown key (found ${formatFound(value, path)}).${suggest(key, keys) || known}`
}

/** The options of the object at `path`. */
function findSection(path: readonly string[]): OptionSection | undefined {
  return SECTIONS.find((one) => {
    const pattern = one.path === '' ? [] : one.path.split('.')
    return (
      pattern.length === path.length &&
      pattern.every((part, index) => part === '*' || part === path[index])
    )
  })
}

function lookUp(value: unknown, path: readonly string[]): unknown {
  let current = value
  for (const key of path) {
    if (typeof current !== 'object' || current === null) return undefined
    current = Reflect.get(current, key)
  }
  return current
}

/** Keys of values that may be secrets, even if they are misspelt; only their type is shown. */
const SECRET = /^(?:env$|passphrase|para?ms$|token$)/

function formatFound(value: unknown, path: readonly string[]): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'function') return 'a function'
  if (path.some((key) => SECRET.test(key)))
    return Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`
  const text = JSON.stringify(value) ?? typeof value
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}
