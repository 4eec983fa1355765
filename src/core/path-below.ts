import { isAbsolute, relative, sep } from 'node:path'

/** The path from a folder to what is in it, empty for the folder itself; undefined for what is elsewhere. */
export function pathBelow(folder: string, path: string): string | undefined {
  const way = relative(folder, path)
  // A name may begin with two dots.
  return way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way) ? undefined : way
}

/** A path as a process sees it whose root is `root`; what is not below it has to be there by the same name. */
export function viewFrom(root: string | undefined, path: string): string {
  const rest = root === undefined || !isAbsolute(path) ? undefined : pathBelow(root, path)
  return rest === undefined ? path : `/${rest}`
}
