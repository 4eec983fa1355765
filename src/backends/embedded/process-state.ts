import type { ProcessGroup } from '../../core/process-group.ts'
import { notEmbeddable } from './ffi.ts'
import type { Ffi } from './ffi.ts'

/** Values of environment variables; null for those that are not there. */
export type Variables = Readonly<Record<string, string | null>>

/**
 * Environment and working directory belong to the whole process. They are what the last started group wants as long as one
 * runs, and what they were before when none does.
 */
export class ProcessState {
  readonly #ffi: Ffi
  readonly #setVariables: (variables: Variables) => void
  readonly #changed = new Map<string, { before: string | null; after: string | null }>()
  #directory = ''
  #users = 0

  /** `setVariables` changes the environment of the process, and what Python knows of it. */
  constructor(ffi: Ffi, setVariables: (variables: Variables) => void) {
    this.#ffi = ffi
    this.#setVariables = setVariables
  }

  /** Gives the process the environment and the folder of a group. Throws PYTHON_NOT_EMBEDDABLE when the folder cannot be entered. */
  enter(group: Pick<ProcessGroup, 'name' | 'environment' | 'directory'>): void {
    const before = currentDirectory()
    if (group.directory !== before) this.#changeDirectory(group)
    if (this.#users++ === 0) this.#directory = before
    const variables = this.#compare(group.environment)
    for (const [name, after] of Object.entries(variables)) {
      const known = this.#changed.get(name)
      const original = known === undefined ? this.#ffi.getEnvironment(name) : known.before
      this.#changed.set(name, { before: original, after })
    }
    this.#setVariables(variables)
  }

  /** One that entered is over; after the last one what was changed is put back, unless it was changed again. */
  leave(): void {
    this.#users--
    if (this.#users > 0) return
    const variables: Record<string, string | null> = {}
    for (const [name, { before, after }] of this.#changed)
      if (this.#ffi.getEnvironment(name) === after) variables[name] = before
    this.#changed.clear()
    this.#setVariables(variables)
    try {
      if (this.#directory !== '') this.#ffi.changeDirectory(this.#directory)
    } catch {
      // It does not exist any more.
    }
  }

  #changeDirectory({ name, directory }: Pick<ProcessGroup, 'name' | 'directory'>): void {
    try {
      this.#ffi.changeDirectory(directory)
    } catch (error) {
      throw notEmbeddable(
        `working directory ${directory} of group ${name} cannot be entered; create it or change the directory of the application`,
        error,
      )
    }
  }

  /** What has to change so that the environment is this one. */
  #compare(environment: Readonly<Record<string, string>>): Variables {
    const variables: Record<string, string | null> = {}
    for (const name of new Set([...Object.keys(process.env), ...Object.keys(environment)])) {
      const wanted = environment[name] ?? null
      if (this.#ffi.getEnvironment(name) !== wanted) variables[name] = wanted
    }
    return variables
  }
}

/** Empty when it does not exist any more. */
function currentDirectory(): string {
  try {
    return process.cwd()
  } catch {
    return ''
  }
}
