import { resolve } from 'node:path'
import { TaipanError } from '../core/errors.ts'
import { suggest } from '../core/suggest.ts'
import type { Environment } from '../server/config/environment.ts'
import { GivenOptions } from '../server/config/given-options.ts'
import type { Layer } from '../server/config/layers.ts'
import type { CommandInput } from '../server/load-plan.ts'
import { CONTROL_COMMANDS, type CommandName } from '../server/option-types/option.ts'
import type { OptionSource } from '../server/option-types/problems.ts'
import { listFlags, type FlaggedOption } from '../server/options/schema.ts'
import { isListeningSocket } from '../streams/listening/inherited-socket.ts'
import { Translation, type FlagText } from './habits/translation.ts'
import { readWords } from './words.ts'

const STANDARD_INPUT = 0
const REST: OptionSource = { name: 'the words after --', kind: 'argument' }
const COMMANDS: readonly CommandName[] = [
  'serve',
  'check',
  'setup-server',
  'path',
  ...CONTROL_COMMANDS,
]
/** Commands whose further words name an application. */
const WITH_TARGET = ['serve', 'check', 'setup-server']
/** Commands of other servers. */
const FOREIGN_COMMANDS: Readonly<Record<string, string>> = {
  run: 'taipan serve',
  start: 'taipan serve',
  'start-server': 'taipan serve',
  runserver: 'taipan serve . --dev',
}

/** A parsed command line. */
export interface CommandLine {
  /** Undefined when there is none, which is allowed with `help` or `version` only. */
  readonly command: CommandName | undefined
  readonly help: boolean
  readonly version: boolean
  readonly json: boolean
  readonly config: string | undefined
  /** What follows the command, if that is no TARGET. */
  readonly names: readonly string[]
  /** Options of the configuration; TARGET is `app`. */
  readonly layer: Layer
  /** How options of other servers were translated. */
  readonly hints: readonly string[]
  /** Which of them have no effect. */
  readonly warnings: readonly string[]
}

/** The process that runs the command. */
export interface CommandContext {
  readonly directory: string
  readonly environment: Environment
}

/** Parses the arguments after the program's name. Throws `USAGE`. */
export function parseCommandLine(
  words: readonly string[],
  { directory, environment }: CommandContext,
): CommandLine {
  const { options, positionals: given, rest } = readWords(words)
  const [verb] = given
  // `help version` asks for the help of the program.
  const positionals = isQuestion(verb) ? given.filter((word) => !isQuestion(word)) : given
  const translation = new Translation(environment['PORT'])
  for (const option of options) translation.addOption(option)
  const names = positionals.slice(1)
  // The first word of this one is its folder.
  const targets = verb === 'setup-server' ? names.slice(1) : names
  if (!isWithoutTarget(verb)) for (const word of targets) translation.addWord(word)
  translation.finish()
  const { texts } = translation
  const help = texts.has('help') || verb === 'help'
  const version = texts.has('version') || verb === 'version'
  const command = resolveCommand(positionals, help || version)
  return {
    command,
    help,
    version,
    json: texts.has('json'),
    config: lastText(texts, 'config'),
    names,
    layer: createLayer(
      translation,
      { command, rest },
      resolve(directory, lastText(texts, 'chdir') ?? '.'),
    ),
    hints: [...translation.hints],
    warnings: [...translation.warnings],
  }
}

/** The input for the plan of a command line. */
export function describeInput(line: CommandLine, environment: Environment): CommandInput {
  const { layer, config, hints, warnings } = line
  const listensAtInput = isListeningSocket(STANDARD_INPUT)
  return { layer, config, hints, warnings, environment, pid: process.pid, listensAtInput }
}

function isWithoutTarget(verb: string | undefined): boolean {
  return COMMANDS.some((name) => name === verb && !WITH_TARGET.includes(name))
}

function isQuestion(word: string | undefined): boolean {
  return word === 'help' || word === 'version'
}

function createLayer(
  { texts, targets }: Translation,
  {
    command,
    rest,
  }: { readonly command: CommandName | undefined; readonly rest: readonly string[] },
  directory: string,
): Layer {
  const target = resolveTarget(targets, command)
  const given = new GivenOptions()
  if (rest.length > 0) given.add('arguments', requireApplication(rest, command), REST)
  if (target !== undefined) given.add('app', target, { name: 'TARGET', kind: 'argument' })
  for (const option of listFlags()) {
    const { flag, key } = option
    const words = texts.get(flag.name)
    if (words === undefined) continue
    validateCommand(option, command)
    if (key === '') continue
    const source = { name: words.at(-1)?.source ?? '', kind: 'argument' } as const
    if (flag.value === undefined) given.add(key, flag.negative !== true, source)
    else
      given.addTexts(
        option,
        words.map(({ text }) => text),
        source,
      )
  }
  return given.toLayer(directory)
}

function requireApplication(
  rest: readonly string[],
  command: CommandName | undefined,
): readonly string[] {
  if (command !== 'path') return rest
  throw new TaipanError(
    'USAGE',
    `taipan path runs no application that could take ${rest.join(' ')}`,
  )
}

function lastText(
  texts: ReadonlyMap<string, readonly FlagText[]>,
  flag: string,
): string | undefined {
  return texts.get(flag)?.at(-1)?.text
}

function resolveCommand(
  positionals: readonly string[],
  optional: boolean,
): CommandName | undefined {
  const [word] = positionals
  if (word === undefined) {
    if (optional) return undefined
    throw new TaipanError('USAGE', 'no command; write taipan serve TARGET, or see taipan help')
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
    `unknown command ${JSON.stringify(word)}.${suggestCommand(word) || ` Commands: ${COMMANDS.join(', ')}, help, version.`}`,
  )
}

function suggestCommand(word: string): string {
  const foreign = Object.hasOwn(FOREIGN_COMMANDS, word) ? FOREIGN_COMMANDS[word] : undefined
  if (foreign !== undefined) return ` Write ${foreign}.`
  return suggest(word, [...COMMANDS, 'help', 'version'], 'taipan ')
}

function resolveTarget(
  targets: readonly string[],
  command: CommandName | undefined,
): string | undefined {
  const [target, ...more] = targets
  if (target === '') throw new TaipanError('USAGE', 'TARGET is empty')
  if (more.length > 0)
    throw new TaipanError(
      'USAGE',
      `more than one TARGET: ${targets.map((word) => JSON.stringify(word)).join(' and ')}; ${command ?? 'serve'} several applications with a configuration file`,
    )
  return target
}

function validateCommand({ flag, key }: FlaggedOption, command: CommandName | undefined): void {
  if (command === undefined || flag.commands.includes(command)) return
  // What is written into a configuration.
  if (
    command === 'setup-server' &&
    (key !== '' || flag.name === 'help') &&
    flag.commands.includes('serve')
  )
    return
  throw new TaipanError(
    'USAGE',
    `--${flag.name} belongs to taipan ${formatWords(flag.commands)}, not to taipan ${command}`,
  )
}

/** `a, b and c`. */
function formatWords(words: readonly string[]): string {
  const last = words.at(-1) ?? ''
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`
}
