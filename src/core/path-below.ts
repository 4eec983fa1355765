import { isAbsolute, relative, sep } from 'node:path'

/** The path from a folder to what is in it, empty for the folder itself; undefined for what is elsewhere. */
export function pathBelow(folder: string, path: string): string | undefined {
  const way = relative(folder, path)
  // A name may begin with two dots.
  return way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way) ? undefined : way
}
