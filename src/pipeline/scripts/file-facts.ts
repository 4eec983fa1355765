import type { ScriptFacts } from '../../core/upstream.ts'
import { encodeLatin1 } from '../../wire/percent.ts'

const KEPT_LIMIT = 4096
const LONGEST_NAME = 1024

/** What requests for files say of them: the same object for the same file, which links encode once where it is repeated. */
export class FileFacts {
  readonly #root: string
  readonly #kind: string
  readonly #kept = new Map<string, ScriptFacts>()

  /** `root` is the absolute path of the folder, `kind` how its files are run. */
  constructor(root: string, kind: string) {
    this.#root = encodeLatin1(root)
    this.#kind = kind
  }

  /** Those of a file, for the interpreter of this name. */
  find(filename: string, interpreter: string | undefined): ScriptFacts {
    // No file has a NUL in its name.
    const key = interpreter === undefined ? filename : `${filename}\0${interpreter}`
    const kept = this.#kept.get(key)
    if (kept !== undefined) return kept
    const facts = {
      filename: encodeLatin1(filename),
      root: this.#root,
      kind: this.#kind,
      version: '',
      interpreter,
    }
    if (key.length > LONGEST_NAME) return facts
    if (this.#kept.size >= KEPT_LIMIT) this.#kept.clear()
    this.#kept.set(key, facts)
    return facts
  }
}
