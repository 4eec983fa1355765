import { constants } from 'node:fs'
import { access, lstat, stat } from 'node:fs/promises'
import path from 'node:path'

const WINDOWS = process.platform === 'win32'

/** Path of the interpreter in a virtual environment. The symbolic link is kept, because Python finds the environment by it. */
export function interpreterOf(environmentFolder: string): string {
  return WINDOWS
    ? path.join(environmentFolder, 'Scripts', 'python.exe')
    : path.join(environmentFolder, 'bin', 'python')
}

/** Path of the interpreter of a conda environment. */
export function condaInterpreterOf(environmentFolder: string): string {
  return WINDOWS ? path.join(environmentFolder, 'python.exe') : interpreterOf(environmentFolder)
}

/** Finds a program in the folders of PATH. */
export async function findOnPath(
  name: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const folders = (environment['PATH'] ?? environment['Path'] ?? '').split(path.delimiter)
  const file = WINDOWS && path.extname(name) === '' ? `${name}.exe` : name
  for (const folder of folders) {
    if (folder === '') continue
    const candidate = path.resolve(folder, file)
    if ((await kindOf(candidate)) === 'program') return candidate
  }
  return undefined
}

/** What a path names. */
export async function kindOf(file: string): Promise<'missing' | 'folder' | 'file' | 'program'> {
  try {
    const facts = await stat(file)
    if (facts.isDirectory()) return 'folder'
  } catch {
    return 'missing'
  }
  try {
    await access(file, constants.X_OK)
    return 'program'
  } catch {
    return 'file'
  }
}

/** A symbolic link stands at a path, wherever it leads. */
export async function isLink(file: string): Promise<boolean> {
  try {
    return (await lstat(file)).isSymbolicLink()
  } catch {
    return false
  }
}
