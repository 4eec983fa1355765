import { isRecord } from '../option-types/plain-object.ts'
import { Problems, type OptionSource } from '../option-types/problems.ts'
import type { PlacedOption } from '../options/schema.ts'
import type { Layer } from './layers.ts'
import { parseTexts } from './text-values.ts'

/** Collects the options that flags or variables give. */
export class GivenOptions {
  readonly #value: Record<string, unknown> = {}
  readonly #sources = new Map<string, OptionSource>()

  /** Takes what was written for an option; its schema checks the value later. Throws `USAGE` or `CONFIG_INVALID`. */
  addTexts(option: PlacedOption, texts: readonly string[], source: OptionSource): void {
    const problems = new Problems(new Map([[option.key, source]]))
    problems.check(option.key.split('.'), () =>
      this.add(option.key, parseTexts(texts, option), source),
    )
    if (problems.size > 0) throw problems.createError()
  }

  add(key: string, value: unknown, source: OptionSource): void {
    setPath(this.#value, key, value)
    // Names and texts of several sources are put together, so each has its own.
    const names = isRecord(value) ? Object.keys(value) : undefined
    for (const path of names?.map((name) => `${key}.${name}`) ?? [key])
      this.#sources.set(path, source)
  }

  /** `directory` is where relative paths start from. */
  toLayer(directory: string): Layer {
    return { directory, value: this.#value, sources: this.#sources }
  }
}

/** Sets the value at a dotted path such as `log.level`. */
function setPath(target: Record<string, unknown>, path: string, value: unknown): void {
  const [head = '', ...rest] = path.split('.')
  if (rest.length === 0) {
    target[head] = value
    return
  }
  const before = target[head]
  const inner: Record<string, unknown> = isRecord(before) ? { ...before } : {}
  setPath(inner, rest.join('.'), value)
  target[head] = inner
}
