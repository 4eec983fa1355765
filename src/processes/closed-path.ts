import { accessSync, constants, lstatSync, readlinkSync } from 'node:fs'
import { dirname, join, resolve, sep } from 'node:path'

const MOST_LINKS = 40

/** The first folder or file on the way to `path` that the user of this process cannot enter or read; undefined if there is none. */
export function findClosed(path: string, links = 0): string | undefined {
  const parts = path.split(sep).slice(1)
  let place: string = sep
  for (const [index, part] of parts.entries()) {
    if (!isOpen(place, constants.X_OK)) return place
    place = join(place, part)
    const found = lstatSync(place, { throwIfNoEntry: false })
    if (found === undefined) return undefined
    if (found.isSymbolicLink() && links < MOST_LINKS) {
      const target = resolve(dirname(place), readlinkSync(place), ...parts.slice(index + 1))
      return findClosed(target, links + 1)
    }
  }
  return isOpen(place, constants.R_OK) ? undefined : place
}

function isOpen(place: string, mode: number): boolean {
  try {
    accessSync(place, mode)
    return true
  } catch {
    return false
  }
}
