import { basename } from 'node:path'
import type { ProgramListening } from './program-settings.ts'

/** What the placeholders in the words of a program stand for. */
export interface PlaceWords {
  readonly socket?: string
  readonly port?: string
  readonly fd?: string
}

const PLACEHOLDER = /\{(socket|port|fd)\}/g
/** Programs that are named by what they run. */
const INTERPRETER = /^(?:python|pypy|node|perl|ruby|sh|bash|env)[\d.]*$/

/** How a program is told where to listen; undefined: its words do not say. */
export function findListening(words: readonly string[]): ProgramListening | undefined {
  if (words.some((word) => word.includes('{socket}'))) return 'socket'
  if (words.some((word) => word.includes('{port}'))) return 'port'
  return words.some((word) => word.includes('{fd}')) ? 'inherited' : undefined
}

/** The words of a program for one place. */
export function fillWords(words: readonly string[], place: PlaceWords): string[] {
  return words.map((word) =>
    word.replace(PLACEHOLDER, (whole, name: keyof PlaceWords) => place[name] ?? whole),
  )
}

/** A short name: `gunicorn`, and `app.fcgi` for `python3 app.fcgi`. */
export function nameProgram(words: readonly string[]): string {
  const [first = '', ...others] = words
  const program = basename(first)
  // What follows -c is no name.
  if (!INTERPRETER.test(program) || others.includes('-c')) return program
  return basename(others.find((word) => !word.startsWith('-')) ?? program)
}
