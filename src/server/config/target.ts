import { existsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

// What a folder offers, in order of preference: as the Python half looks into a folder that is the target.
const USUAL_FILES = ['app.py', 'wsgi.py', 'asgi.py', 'main.py', 'application.py'] as const

/** The target that a folder suggests when none is named: a Django project, or a file with a usual name. */
export function findUsualTarget(directory: string): string | undefined {
  if (existsSync(resolve(directory, 'manage.py'))) return '.'
  return USUAL_FILES.find((name) => existsSync(resolve(directory, name)))
}

/** Names of files that `findUsualTarget` looks for. */
export const USUAL_NAMES: readonly string[] = ['manage.py', ...USUAL_FILES]

/** The folder that a target lies in: of its file, of its project, or the one that imports start from. */
export function locateTarget(target: string, directory: string): string {
  const [, file = target] = /^(.*\.(?:py|wsgi))(?::.*)?$/.exec(target) ?? []
  const path = resolve(directory, file)
  try {
    return statSync(path).isDirectory() ? path : dirname(path)
  } catch {
    return directory
  }
}
