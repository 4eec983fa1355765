import { resolveFilePath } from '../static/file-path.ts'
import { lookAt } from '../looks.ts'

/** The file that a path is taken for, as Apache does it. */
export interface TranslatedPath {
  /** Absolute; the file itself need not exist. Ends with a slash where the path names a folder so. */
  readonly filename: string
  /** Index in the raw path where PATH_INFO begins. */
  readonly end: number
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
