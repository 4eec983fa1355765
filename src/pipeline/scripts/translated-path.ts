import { dirname } from 'node:path'

import { resolveFilePath } from '../static/file-path.ts'
import { lookAt } from '../looks.ts'

/** The file that a path is taken for, as Apache does it. */
export interface TranslatedPath {
  /** Absolute; the file itself need not exist. Ends with a slash where the path names a folder so. */
  readonly filename: string
  /** Index in the raw path where PATH_INFO begins. */
  readonly end: number
}

/** Files that were found, and the longest path that they are remembered by. */
const FOUND_LIMIT = 4096
const LONGEST_PATH = 256

/** Translates raw paths below a folder. One that was translated before costs a look or two, however deep it is. */
export class PathTranslation {
  readonly #root: string
  readonly #found = new Map<string, TranslatedPath>()

  /** `root` is absolute. */
  constructor(root: string) {
    this.#root = root
  }

  /** As `translatePath`. */
  translate(rest: string): TranslatedPath | undefined {
    const known = this.#found.get(rest)
    if (known !== undefined && isLast(known.filename)) return known
    const found = translatePath(this.#root, rest)
    if (found !== undefined && rest.length <= LONGEST_PATH && isLast(found.filename)) {
      if (this.#found.size >= FOUND_LIMIT) this.#found.clear()
      this.#found.set(rest, found)
    }
    return found
  }
}

/** Whether a path is that of a file, or of nothing in a folder: what is above it are folders, which need no look. */
function isLast(path: string): boolean {
  const facts = lookAt(path)
  return facts === undefined ? lookAt(dirname(path))?.isDirectory() === true : !facts.isDirectory()
}

/**
 * The file that a raw path below a folder is for: what follows the first name that is no folder is PATH_INFO. Undefined for
 * paths that can name no file.
 */
export function translatePath(root: string, rest: string): TranslatedPath | undefined {
  const folder = root === '/' ? '' : root.replace(/\/$/, '')
  let at = 0
  while (at < rest.length) {
    const start = rest.slice(at).search(/[^/]/)
    if (start === -1) break
    const next = rest.indexOf('/', at + start)
    const end = next === -1 ? rest.length : next
    const path = resolveFilePath(collapse(rest.slice(0, end)))
    if (path === undefined) return undefined
    if (lookAt(folder + path)?.isDirectory() !== true) return { filename: folder + path, end }
    at = end
  }
  const path = resolveFilePath(collapse(rest))
  return path === undefined ? undefined : { filename: folder + path, end: rest.length }
}

/** Runs of slashes count as one. */
function collapse(path: string): string {
  return path.replace(/\/{2,}/g, '/')
}
