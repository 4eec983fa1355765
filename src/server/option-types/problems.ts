import { statSync } from 'node:fs'
import { TaipanError } from '../../core/errors.ts'

/** A flag, argument, variable or key of another name that gave an option its value. */
export interface OptionSource {
  /** As it was written: `--mount`, `-w`, `TARGET`, `TAIPAN_MOUNT`, `groups.web.requestTimeout`. */
  readonly name: string
  readonly kind: 'argument' | 'variable' | 'key'
}

/** Sources of values that are not named by the path of the option, by that path with dots. */
export type OptionSources = ReadonlyMap<string, OptionSource>

/** Keys from the top of a configuration to a value. */
export type OptionPath = readonly string[]

interface Problem {
  readonly path: OptionPath
  /** Undefined when it is named by its path. */
  readonly source: OptionSource | undefined
  readonly text: string
}

/** What is wrong with a configuration, each thing under the name by which it was given: a flag, a variable or a key. */
export class Problems {
  readonly #sources: OptionSources
  readonly #file: string | undefined
  readonly #list: Problem[] = []

  /** `file` is what the configuration file is called in messages. */
  constructor(sources: OptionSources, file?: string) {
    this.#sources = sources
    this.#file = file
  }

  get size(): number {
    return this.#list.length
  }

  /** What gave a value other than its path or, if nothing did, an object around it. */
  sourceOf(path: OptionPath): OptionSource | undefined {
    for (let length = path.length; length > 0; length -= 1) {
      const source = this.#sources.get(path.slice(0, length).join('.'))
      if (source !== undefined) return source
    }
    return undefined
  }

  /** What the value at `path` was given by. */
  nameOf(path: OptionPath): string {
    return this.sourceOf(path)?.name ?? formatPath(path)
  }

  /** As `nameOf`, with the file of a key. */
  locate(path: OptionPath): string {
    const name = this.nameOf(path)
    return this.#isInFile(this.sourceOf(path)) ? `${name} in ${this.#file}` : name
  }

  /** Adds a problem of the value at `path`; an empty path is the configuration as a whole. */
  add(path: OptionPath, message: string): void {
    const name = path.length === 0 ? '' : `${this.nameOf(path)}: `
    const text = name + message
    // A flag may have given the same value to several groups.
    if (!this.#list.some((problem) => problem.text === text))
      this.#list.push({ path, source: this.sourceOf(path), text })
  }

  /** Calls `read`; adds its error as a problem of the value at `path`. */
  check(path: OptionPath, read: () => unknown): void {
    try {
      read()
    } catch (error) {
      if (!(error instanceof TaipanError)) throw error
      this.add(path, error.message)
    }
  }

  /** Adds a problem if a folder does not exist, or is something else. */
  checkFolder(path: OptionPath, folder: string): void {
    const found = statSync(folder, { throwIfNoEntry: false })
    if (found === undefined) this.add(path, `folder ${folder} does not exist`)
    else if (!found.isDirectory()) this.add(path, `${folder} is not a folder`)
  }

  /** Adds a problem if a file does not exist, or is something else. */
  checkFile(path: OptionPath, file: string): void {
    const found = statSync(file, { throwIfNoEntry: false })
    if (found === undefined) this.add(path, `file ${file} does not exist`)
    else if (!found.isFile()) this.add(path, `${file} is not a file`)
  }

  /** Adds the problems of `others` that `isWanted` accepts. */
  addFrom(others: Problems, isWanted: (path: OptionPath) => boolean): void {
    this.#list.push(...others.#list.filter(({ path }) => isWanted(path)))
  }

  /** One error for all problems: a usage error if all come from the command line. */
  createError(): TaipanError {
    const isUsage = this.#list.every(({ source }) => source?.kind === 'argument')
    const [first, ...others] = this.#list
    const message =
      first !== undefined && others.length === 0 ? this.#formatOne(first) : this.#formatAll()
    return new TaipanError(isUsage ? 'USAGE' : 'CONFIG_INVALID', message)
  }

  #formatOne(problem: Problem): string {
    return this.#isInFile(problem.source) ? `${problem.text}\n  in ${this.#file}` : problem.text
  }

  #formatAll(): string {
    const allInFile = this.#list.every(({ source }) => this.#isInFile(source))
    const lines = this.#list.map(
      (problem) =>
        `  ${problem.text}${!allInFile && this.#isInFile(problem.source) ? ` (in ${this.#file})` : ''}`,
    )
    const where = allInFile ? ` in ${this.#file}` : ''
    return `${this.#list.length} problems${where}:\n${lines.join('\n')}`
  }

  #isInFile(source: OptionSource | undefined): boolean {
    return (source === undefined || source.kind === 'key') && this.#file !== undefined
  }
}

/** `routes[0].path`, `apps["my shop"].target`. */
export function formatPath(path: OptionPath): string {
  let text = ''
  for (const part of path) {
    if (/^\d+$/.test(part)) text += `[${part}]`
    else if (/^[\w$-]+$/.test(part)) text += text === '' ? part : `.${part}`
    else text += `[${JSON.stringify(part)}]`
  }
  return text
}
