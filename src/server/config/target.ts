import { existsSync, readdirSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, resolve } from 'node:path'

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
  const [place = target] = target.split(':')
  const path = [target, place].map((one) => resolve(directory, one)).find((one) => existsSync(one))
  if (path === undefined) return directory
  return statSync(path).isDirectory() ? path : dirname(path)
}

// A folder with one of these is a package or a project, whose files are not for everybody.
const PROJECT_FILES = ['__init__.py', 'pyproject.toml', 'setup.py', ...USUAL_NAMES]

/** Whether a target is a folder of scripts: it has some or a page, and is no package or project with an application. */
export function isScriptFolder(target: string, directory: string): boolean {
  const folder = resolve(directory, target)
  if (!isFolder(folder) || folder === homedir() || folder === '/') return false
  if (PROJECT_FILES.some((name) => existsSync(resolve(folder, name)))) return false
  return readdirSync(folder).some((name) => /\.(?:py|psp|cgi|html)$|^index\./.test(name))
}

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory()
}

/** What messages call a target: itself, or the name of the folder that `.` or `..` stands for. */
export function nameTarget(target: string, directory: string): string {
  return (/^[./]+$/.test(target) && basename(resolve(directory, target))) || target
}

/** The outermost package that a folder belongs to: the files of all of it belong to an application in it. */
export function findPackage(folder: string): string {
  let found = folder
  for (let at = folder; existsSync(resolve(at, '__init__.py')); at = dirname(at)) {
    found = at
    if (dirname(at) === at) break
  }
  return found
}
