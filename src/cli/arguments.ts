import { parseArgs, type ParseArgsConfig } from 'node:util'
import { TaipanError } from '../core/errors.ts'
import { suggest } from '../server/config/nearest.ts'
import { parseTexts } from '../server/config/text-values.ts'
import { readTexts, setPath } from '../server/config/environment.ts'
import type { Layer } from '../server/config/layers.ts'
import type { CommandName } from '../server/options/option.ts'
import { listFlags, type FlaggedOption } from '../server/options/schema.ts'

const COMMANDS: readonly CommandName[] = ['serve', 'check']

/** A parsed command line. */
export interface CommandLine {
  /** Undefined when there is none, which is allowed with `help` or `version` only. */
  readonly command: CommandName | undefined
  readonly help: boolean
  readonly version: boolean
  readonly json: boolean
  readonly config: string | undefined
  /** Options of the configuration; TARGET is `app`. */
  readonly layer: Layer
}

/** Parses the arguments after the program's name. Throws `USAGE`. */
export function parseCommandLine(words: readonly string[], directory: string): CommandLine {
  const { texts, positionals: given } = collectTexts(words)
  const [verb] = given
  const isQuestion = verb === 'help' || verb === 'version'
  const positionals = isQuestion ? given.slice(1) : given
  const switches = {
    help: texts.has('help') || verb === 'help',
    version: texts.has('version') || verb === 'version',
  }
  const command = resolveCommand(positionals, switches.help || switches.version)
  const target = resolveTarget(positionals.slice(1), command)
  const value: Record<string, unknown> = {}
  const sources = new Map<string, string>()
  if (target !== undefined) {
    value['app'] = target
    sources.set('app', 'TARGET')
  }
  for (const option of listFlags()) {
    const given = texts.get(option.flag.name)
    if (given === undefined) continue
    validateCommand(option, command)
    if (option.key === '') continue
    const name = `--${option.flag.name}`
    const parsed =
      option.flag.value === undefined
        ? option.flag.negative !== true
        : readTexts(() => parseTexts(given, option.form ?? 'text', name))
    setPath(value, option.key, parsed)
    sources.set(option.key, name)
  }
  return {
    command,
    ...switches,
    json: texts.has('json'),
    config: texts.get('config')?.at(-1),
    layer: { directory, value, sources },
  }
}

interface Texts {
  /** Values by flag name; an empty text for a switch. */
  readonly texts: ReadonlyMap<string, readonly string[]>
  readonly positionals: readonly string[]
}

function collectTexts(words: readonly string[]): Texts {
  const flags = new Map(listFlags().map((option) => [option.flag.name, option.flag]))
  const options: ParseArgsConfig['options'] = {}
  for (const [name, { short, value }] of flags)
    options[name] = {
      type: value === undefined ? 'boolean' : 'string',
      ...(short === undefined ? {} : { short }),
    }
  const { tokens } = parseArgs({
    args: [...words],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const texts = new Map<string, string[]>()
  const positionals: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const flag = flags.get(token.name)
    if (flag === undefined) throw createUnknownError(token.rawName)
    texts.set(flag.name, [...(texts.get(flag.name) ?? []), requireValue(token, flag.value)])
  }
  return { texts, positionals }
}

function requireValue(
  token: {
    readonly rawName: string
    readonly value?: string | undefined
    readonly inlineValue?: boolean | undefined
  },
  placeholder: string | undefined,
): string {
  const { rawName, value, inlineValue } = token
  if (placeholder === undefined) {
    if (value === undefined) return ''
    throw new TaipanError(
      'USAGE',
      `${rawName} is a switch and takes no value, found ${JSON.stringify(value)}`,
    )
  }
  const swallowed = inlineValue !== true && value !== undefined && /^-./.test(value)
  if (value === undefined || value === '' || swallowed)
    throw new TaipanError(
      'USAGE',
      `${rawName} needs a value: ${rawName} ${placeholder}${swallowed ? `; found ${value} instead` : ''}`,
    )
  return value
}

function createUnknownError(rawName: string): TaipanError {
  const names = listFlags().map(({ flag }) => flag.name)
  const shorts = listFlags().flatMap(({ flag }) => flag.short ?? [])
  if (!rawName.startsWith('--'))
    return new TaipanError(
      'USAGE',
      `unknown option ${rawName}; short options are ${shorts.map((short) => `-${short}`).join(', ')}`,
    )
  const hint = suggest(rawName.slice(2), names, '--')
  return new TaipanError('USAGE', `unknown option ${rawName}.${hint || ' See taipan --help.'}`)
}

function resolveCommand(
  positionals: readonly string[],
  optional: boolean,
): CommandName | undefined {
  const [word] = positionals
  if (word === undefined) {
    if (optional) return undefined
    throw new TaipanError('USAGE', 'no command; write taipan serve TARGET, or see taipan --help')
  }
  const command = COMMANDS.find((name) => name === word)
  if (command !== undefined) return command
  if (/[./:]/.test(word))
    throw new TaipanError(
      'USAGE',
      `${JSON.stringify(word)} is not a command; write taipan serve ${word}`,
    )
  throw new TaipanError(
    'USAGE',
    `unknown command ${JSON.stringify(word)}.${suggest(word, COMMANDS, 'taipan ') || ` Commands: ${COMMANDS.join(', ')}.`}`,
  )
}

function resolveTarget(
  positionals: readonly string[],
  command: CommandName | undefined,
): string | undefined {
  const [target, ...more] = positionals
  if (target === '') throw new TaipanError('USAGE', 'TARGET is empty')
  if (more.length > 0)
    throw new TaipanError(
      'USAGE',
      `more than one TARGET: ${[target, ...more].map((word) => JSON.stringify(word)).join(' and ')}; ${command ?? 'serve'} several applications with a configuration file`,
    )
  return target
}

function validateCommand({ flag }: FlaggedOption, command: CommandName | undefined): void {
  if (command === undefined || flag.commands.includes(command)) return
  throw new TaipanError(
    'USAGE',
    `--${flag.name} belongs to taipan ${flag.commands.join(' and ')}, not to taipan ${command}`,
  )
}
