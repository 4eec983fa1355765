import type { ProcessGroup } from '../../core/process-group.ts'
import { notEmbeddable } from './koffi.ts'
import type { Ffi } from './ffi.ts'

/** Values of environment variables; null for those that are not set. */
export type Variables = Readonly<Record<string, string | null>>

/**
 * Environment and working directory of the process, which all groups share. They are those of the group started last, and
 * are restored when no group runs.
 */
export class ProcessState {
  readonly #ffi: Ffi
  readonly #setVariables: (variables: Variables) => void
  readonly #changed = new Map<string, { before: string | null; after: string | null }>()
  #directory = ''
  #users = 0

  /** `setVariables` changes the environment of the process and Python's copy of it. */
  constructor(ffi: Ffi, setVariables: (variables: Variables) => void) {
    this.#ffi = ffi
    this.#setVariables = setVariables
  }

  /** Applies the environment and folder of a group. Throws PYTHON_NOT_EMBEDDABLE if the folder cannot be entered. */
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

  /** A group has ended; after the last one, restores what was changed, unless the application changed it again. */
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
      // The folder was removed.
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

  /** The variables that have to change for this environment. */
  #compare(environment: Readonly<Record<string, string>>): Variables {
    const variables: Record<string, string | null> = {}
    for (const name of new Set([...Object.keys(process.env), ...Object.keys(environment)])) {
      const wanted = environment[name] ?? null
      if (this.#ffi.getEnvironment(name) !== wanted) variables[name] = wanted
    }
    return variables
  }
}

/** Empty if the folder was removed. */
function currentDirectory(): string {
  try {
    return process.cwd()
  } catch {
    return ''
  }
}
