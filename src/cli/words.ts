import { parseArgs, type ParseArgsConfig } from 'node:util'
import { TaipanError } from '../core/errors.ts'
import { suggest } from '../core/suggest.ts'
import { listFlags } from '../server/options/schema.ts'
import type { GivenOption } from './habits/habit.ts'
import { HABITS } from './habits/table.ts'

/** The parts of a command line. */
export interface Words {
  readonly options: readonly GivenOption[]
  readonly positionals: readonly string[]
  /** What follows `--`. */
  readonly rest: readonly string[]
}

interface Shape {
  readonly short?: string | undefined
  readonly value?: string | undefined
}

/** Splits a command line into options and other words. Throws `USAGE` for unknown options. */
export function readWords(words: readonly string[]): Words {
  const shapes = listShapes()
  const config: ParseArgsConfig['options'] = {}
  for (const [name, { short, value }] of shapes)
    config[name] = {
      type: value === undefined ? 'boolean' : 'string',
      ...(short === undefined ? {} : { short }),
    }
  const { tokens } = parseArgs({
    args: [...words],
    options: config,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const options: GivenOption[] = []
  const positionals: string[] = []
  let rest: readonly string[] = []
  for (const token of tokens) {
    if (token.kind === 'option-terminator') {
      rest = words.slice(token.index + 1)
      break
    }
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const shape = shapes.get(token.name)
    if (shape === undefined) throw createUnknownError(token.rawName)
    const { name, rawName } = token
    options.push({ name, written: rawName, value: requireValue(token, shape.value) })
  }
  return { options, positionals, rest }
}

/** Taipan's flags and those of other servers, by long name; Taipan's flag if both have one. */
function listShapes(): Map<string, Shape> {
  const shapes = new Map<string, Shape>()
  for (const { flag } of listFlags()) shapes.set(flag.name, flag)
  for (const { names, short, value } of HABITS)
    for (const [index, name] of names.entries())
      if (!shapes.has(name)) shapes.set(name, { short: index === 0 ? short : undefined, value })
  return shapes
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
  // A negative number is a wrong value and no option.
  const swallowed = inlineValue !== true && value !== undefined && /^-[^\d.]/.test(value)
  if (value === undefined || value === '' || swallowed)
    throw new TaipanError(
      'USAGE',
      `${rawName} needs a value: ${rawName} ${placeholder}${swallowed ? `; found ${value} instead` : ''}`,
    )
  return value
}

function createUnknownError(rawName: string): TaipanError {
  const shorts = listFlags().flatMap(({ flag }) => flag.short ?? [])
  if (!rawName.startsWith('--'))
    return new TaipanError(
      'USAGE',
      `unknown option ${rawName}; short options are ${shorts.map((short) => `-${short}`).join(', ')}`,
    )
  const hint = suggest(rawName.slice(2), listShapes().keys(), '--')
  return new TaipanError('USAGE', `unknown option ${rawName}.${hint || ' See taipan help serve.'}`)
}
