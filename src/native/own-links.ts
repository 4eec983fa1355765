import { lstatSync, readlinkSync, realpathSync } from 'node:fs'
import { join, resolve, sep } from 'node:path'

/** On the way to one file, as the kernel has it. */
const MOST_LINKS = 40

/**
 * The path without its links. Root follows only those that root has made: a user who may write to a folder on the way could
 * lead it to files that are none of theirs. Throws the error of the system, with the code ELOOP for links of others.
 */
export function resolveOwnLinks(path: string): string {
  return process.geteuid?.() === 0 ? resolveRootsLinks(resolve(path), 0) : realpathSync(path)
}

/**
 * What the `count`-th link on the way to a file leads to; undefined if there is none at `place`, which messages call
 * `path`. Throws an error with the code ELOOP if it is not of root, or there are too many.
 */
export function readRootsLink(place: string, path: string, count: number): string | undefined {
  const facts = lstatSync(place, { throwIfNoEntry: false })
  if (facts?.isSymbolicLink() !== true) return undefined
  if (facts.uid !== 0)
    throw createError(`${path} is a link of user ${facts.uid}, which root does not follow`)
  if (count > MOST_LINKS) throw createError(`${path} is behind too many links`)
  return readlinkSync(place)
}

function resolveRootsLinks(path: string, links: number): string {
  const parts = path.split(sep).filter((part) => part !== '')
  let place: string = sep
  for (const [index, part] of parts.entries()) {
    const next = join(place, part)
    const target = readRootsLink(next, next, links + 1)
    if (target !== undefined)
      return resolveRootsLinks(resolve(place, target, ...parts.slice(index + 1)), links + 1)
    place = next
  }
  return place
}

function createError(message: string): Error {
  return Object.assign(new Error(message), { code: 'ELOOP' })
}
