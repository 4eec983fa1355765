import { realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

const WRITABLE_BY_OTHERS = 0o022
const STICKY = 0o1000

/** Whether only root can change what a path leads to, so that running it with the rights of root is safe. */
export function isOnlyRoots(path: string): boolean {
  const file = resolveLinks(path)
  if (file === undefined) return false
  return [...listFolders(path).slice(1), ...listFolders(file)].every(isClosed)
}

/** The file behind symbolic links; undefined when there is none. */
export function resolveLinks(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}

function listFolders(path: string): string[] {
  const folder = dirname(path)
  return folder === path ? [path] : [path, ...listFolders(folder)]
}

/** Where a folder is sticky, as /tmp is, others cannot replace what is not theirs. */
function isClosed(path: string): boolean {
  const { uid, mode } = statSync(path)
  return uid === 0 && ((mode & WRITABLE_BY_OTHERS) === 0 || (mode & STICKY) !== 0)
}
