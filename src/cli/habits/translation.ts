import { TaipanError } from '../../core/errors.ts'
import { createPortError, expandAddress, isPort } from '../../server/config/address.ts'
import type { GivenOption, Habit, Meaning } from './habit.ts'
import { HABITS } from './table.ts'

const DEFAULT_HOST = '127.0.0.1'
const DEFAULT_PORT = '8000'

/** A value for one of Taipan's flags, and the option that gave it, for messages. */
export interface FlagText {
  readonly text: string
  readonly source: string
}

/** Translates options of other servers into Taipan's flags, with one message for each. */
export class Translation {
  /** By the name of the flag. */
  readonly texts = new Map<string, FlagText[]>()
  readonly targets: string[] = []
  readonly hints = new Set<string>()
  readonly warnings = new Set<string>()
  readonly #fallbackPort: string | undefined
  #host: GivenOption | undefined
  #port: GivenOption | undefined
  #factory: GivenOption | undefined

  /** `fallbackPort` is the port for `--host` without `--port`. */
  constructor(fallbackPort: string | undefined) {
    this.#fallbackPort = fallbackPort
  }

  addOption(option: GivenOption): void {
    const habit = findHabit(option)
    if (habit === undefined) this.#push(option.name, option.value, `--${option.name}`)
    else this.#translate(option, habit.meaning)
  }

  /** Adds a word that is not an option: TARGET, or an address as `runserver` takes it. */
  addWord(word: string): void {
    if (!isAddress(word)) {
      this.targets.push(word)
      return
    }
    const address = expandAddress(word) ?? word
    this.#push('bind', address, word)
    this.#hint(word, `--bind ${address}`)
  }

  /** Call after the last word: combines options that belong together. */
  finish(): void {
    this.#joinAddress()
    if (this.#factory !== undefined) this.#callTarget(this.#factory)
  }

  #translate(option: GivenOption, meaning: Meaning): void {
    const { written, value } = option
    switch (meaning.is) {
      case 'option': {
        const text = meaning.convert?.(value) ?? value
        this.#push(meaning.flag, text, written)
        const shown = meaning.flag === 'env' ? hideValues : (one: string): string => one
        this.#hint(shown(formatGiven(option)), shown(formatFlag(meaning.flag, text)), meaning.note)
        return
      }
      case 'host':
        this.#host = option
        return
      case 'port':
        this.#port = option
        return
      case 'factory':
        this.#factory = option
        return
      case 'target':
        this.targets.push(value)
        this.#hint(formatGiven(option), `TARGET ${value}`)
        return
      case 'nothing':
        this.warnings.add(`${written} has no effect: ${meaning.reason}`)
        return
      case 'refused':
        throw new TaipanError('USAGE', `${written} is not supported: ${meaning.reason}`)
      default:
        return
    }
  }

  /** `--host` and `--port` make one address; so do `--bind HOST` and `--port`, as in Daphne. */
  #joinAddress(): void {
    const [host, port] = [this.#host, this.#port]
    const [only, ...others] = this.texts.get('bind') ?? []
    const bare =
      port !== undefined && others.length === 0 && only !== undefined && /^[\w.-]+$/.test(only.text)
    if (host === undefined && port === undefined) return
    const name = bare ? only.text : (host?.value ?? DEFAULT_HOST)
    if (bare) this.texts.delete('bind')
    const number = port?.value ?? this.#fallbackPort ?? DEFAULT_PORT
    if (!isPort(number)) throw createPortError(port?.written ?? 'PORT', number)
    const address = formatAddress(name, number)
    const given = [host, port].filter((option) => option !== undefined)
    this.#push('bind', address, given.map(({ written }) => written).join(' and '))
    this.#hint(given.map(formatGiven).join(' '), `--bind ${address}`)
  }

  #callTarget(factory: GivenOption): void {
    const [target, ...more] = this.targets
    if (target === undefined || target.endsWith(')')) return
    const called = `${target}()`
    this.targets.splice(0, this.targets.length, called, ...more)
    this.#hint(formatGiven(factory), `'${called}'`)
  }

  #push(flag: string, text: string, source: string): void {
    this.texts.set(flag, [...(this.texts.get(flag) ?? []), { text, source }])
  }

  #hint(given: string, ours: string, note?: string): void {
    this.hints.add(`${given} is ${ours} here${note === undefined ? '' : `; ${note}`}`)
  }
}

/** What the option of another server is known as; undefined for our own. */
export function findHabit(option: GivenOption): Habit | undefined {
  return HABITS.find(
    ({ names, when }) => names.includes(option.name) && (when === undefined || when(option)),
  )
}

/** An attribute of a module cannot be a number, so a number after a colon is a port. */
function isAddress(word: string): boolean {
  return /^\d{1,5}$|^(?:[\w.*-]*|\[[\da-f:.]+\]):\d{1,5}$|^unix:\/|^fd:\d+$/i.test(word)
}

/** Flask takes `unix:PATH` as a host. */
function formatAddress(host: string, port: string): string {
  if (host.startsWith('unix:')) return host
  return host.includes(':') && !host.startsWith('[') ? `[${host}]:${port}` : `${host}:${port}`
}

/** Values of environment variables may be secrets. */
function hideValues(text: string): string {
  return text.replace(/=[^]*/, '=...')
}

function formatGiven({ written, value }: GivenOption): string {
  return value === '' ? written : `${written} ${value}`
}

function formatFlag(flag: string, text: string): string {
  return text === '' ? `--${flag}` : `--${flag} ${text}`
}
