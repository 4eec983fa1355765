import * as v from 'valibot'
import { TaipanError } from '../../core/errors.ts'
import { lacksUnit } from '../option-types/kinds.ts'
import { createSection, type Section } from '../option-types/option.ts'
import { COMMAND_LINE, TOP } from '../options/table.ts'
import { SECTIONS, type FullConfig } from '../options/schema.ts'
import { suggest } from '../../core/suggest.ts'
import { isRecord } from '../option-types/plain-object.ts'

/** Sources of values, for messages: dotted path to `--flag` or `TAIPAN_NAME`. */
export type OptionSources = ReadonlyMap<string, string>

/** An unchecked configuration. */
export interface Candidate {
  readonly value: unknown
  readonly sources: OptionSources
  /** Path of the configuration file, for messages. */
  readonly file?: string | undefined
}

/** Checks a configuration and fills in defaults. Throws one error with all problems, those of `listMore` included. */
export function validateConfig(
  candidate: Candidate,
  listMore: (config: FullConfig) => readonly string[] = () => [],
): FullConfig {
  const { success, output: config, issues = [] } = readConfig(candidate.value)
  const problems = issues.map((issue) => describeIssue(issue, candidate))
  problems.push(...describeMissingThreads(candidate))
  if (success && problems.length === 0) return config
  const more = listOtherProblems(candidate.value, issues.map(listKeysTo), listMore)
  throw createConfigError([...problems, ...more], candidate)
}

/** Problems of what remains without the wrong values, unless they are only a consequence of these. */
function listOtherProblems(
  value: unknown,
  wrong: readonly (readonly string[])[],
  listMore: (config: FullConfig) => readonly string[],
): string[] {
  // Without whole applications or groups all that refers to them would seem wrong.
  if (
    wrong.some((path) => path.length < 3 && /^(?:apps|app|groups|routes)$/.test(path[0] ?? 'apps'))
  )
    return []
  const rest = readConfig(wrong.reduce<unknown>(removeValue, value))
  if (!rest.success) return []
  const places = wrong.map(formatPath)
  return listMore(rest.output).filter((problem) => {
    const [where = ''] = problem.split(': ')
    return (
      !/^(?:routes: )?(?:the configuration serves nothing|is missing)/.test(problem) &&
      !places.some(
        (place) =>
          place === where || (/^[.[]/.test(place.slice(where.length)) && place.startsWith(where)),
      )
    )
  })
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
function describeMissingThreads({ value, sources }: Candidate): string[] {
  if (!isRecord(value)) return []
  const groups = isRecord(value['groups']) ? Object.entries(value['groups']) : []
  const threadless = (groups.length === 0 ? [['', {}] as const] : groups).filter(
    ([, group]) =>
      isRecord(group) &&
      (group['threads'] ?? value['threads']) === 0 &&
      (group['engine'] ?? value['engine'] ?? 'daemon') === 'daemon',
  )
  return threadless.map(([name, group]) => {
    const own = isRecord(group) && group['threads'] !== undefined
    const where =
      sources.get('threads') ?? (own ? formatPath(['groups', name, 'threads']) : 'threads')
    return `${where}: expected a whole number from 1 to 512, found 0; 0 runs WSGI on the thread of Node, which needs the engine "embedded"`
  })
}

/** One error for all problems; a usage error if all come from the command line. */
export function createConfigError(
  problems: readonly string[],
  candidate: Omit<Candidate, 'value'>,
): TaipanError {
  const where = candidate.file === undefined ? '' : ` in ${candidate.file}`
  const onlyFlags = problems.every((problem) => problem.startsWith('--'))
  const code = onlyFlags ? 'USAGE' : 'CONFIG_INVALID'
  const [first] = problems
  if (problems.length === 1 && first !== undefined)
    return new TaipanError(
      code,
      onlyFlags || !where ? first : `${first}${where.replace(' in ', '\n  in ')}`,
    )
  const list = problems.map((problem) => `  ${problem}`).join('\n')
  return new TaipanError(code, `${problems.length} problems${onlyFlags ? '' : where}:\n${list}`)
}

function describeIssue(issue: v.BaseIssue<unknown>, candidate: Candidate): string {
  const path = listKeysTo(issue)
  const { type, message: expected } = issue
  if (type === 'never') return describeUnknownKey(path, candidate)
  const name = nameSource(path, candidate.sources)
  if (issue.path?.at(-1)?.origin === 'key') return `${name}: the name must be ${expected}`
  const value = lookUp(candidate.value, path)
  if (lacksUnit(expected, value)) return `${name}: ${value} what? write ${value}s or ${value}ms`
  return `${name}: expected ${expected}, found ${formatFound(value, path)}`
}

function describeUnknownKey(path: readonly string[], candidate: Candidate): string {
  const key = path.at(-1) ?? ''
  const parent = path.slice(0, -1)
  const keys = listKeys(parent)
  if (parent.length === 0 && Object.hasOwn(COMMAND_LINE, key))
    return `${key}: is an option of the command line, not of a configuration`
  const found = formatFound(lookUp(candidate.value, path), path)
  const known = ` Known here: ${keys.join(', ')}.`
  return `${formatPath(path)}: unknown key (with value ${found}).${suggest(key, keys) || known}`
}

/** The keys of the object at `path`. */
function listKeys(path: readonly string[]): string[] {
  const section = SECTIONS.find((one) => {
    const pattern = one.path === '' ? [] : one.path.split('.')
    return (
      pattern.length === path.length &&
      pattern.every((part, index) => part === '*' || part === path[index])
    )
  })
  return section === undefined ? [] : Object.keys(section.table)
}

function nameSource(path: readonly string[], sources: OptionSources): string {
  for (let length = path.length; length > 0; length -= 1) {
    const source = sources.get(path.slice(0, length).join('.'))
    if (source !== undefined) return source
  }
  return path.length === 0 ? 'the configuration' : formatPath(path)
}

/** `routes[0].path`, `apps["my shop"].target`. */
function formatPath(path: readonly string[]): string {
  let text = ''
  for (const part of path) {
    if (/^\d+$/.test(part)) text += `[${part}]`
    else if (/^[\w$-]+$/.test(part)) text += text === '' ? part : `.${part}`
    else text += `[${JSON.stringify(part)}]`
  }
  return text
}

function lookUp(value: unknown, path: readonly string[]): unknown {
  let current = value
  for (const key of path) {
    if (typeof current !== 'object' || current === null) return undefined
    current = Reflect.get(current, key)
  }
  return current
}

/** Values of environment variables may be secrets, so only their type is shown. */
function formatFound(value: unknown, path: readonly string[]): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'function') return 'a function'
  if (path.includes('env'))
    return Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`
  const text = JSON.stringify(value) ?? typeof value
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}
