import { existsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

// In order of preference; the Python half searches a target folder in the same order.
const USUAL_FILES = ['app.py', 'wsgi.py', 'asgi.py', 'main.py', 'application.py'] as const

/** The target in a folder when none is given: a Django project, or a file with a usual name. */
export function findUsualTarget(directory: string): string | undefined {
  if (existsSync(resolve(directory, 'manage.py'))) return '.'
  return USUAL_FILES.find((name) => existsSync(resolve(directory, name)))
}

/** Names of the files that `findUsualTarget` looks for. */
export const USUAL_NAMES: readonly string[] = ['manage.py', ...USUAL_FILES]

/** The folder of a target: that of its file or project, or the one where imports start. */
export function locateTarget(target: string, directory: string): string {
  const [, file = target] = /^(.*\.(?:py|wsgi))(?::.*)?$/.exec(target) ?? []
  const path = resolve(directory, file)
  try {
    return statSync(path).isDirectory() ? path : dirname(path)
  } catch {
    return directory
  }
}
