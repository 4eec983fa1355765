import { lstatSync, readlinkSync, realpathSync } from 'node:fs'
import { join, resolve, sep } from 'node:path'

const MOST_LINKS = 40

/**
 * The path without its links. Root follows only those that root has made: a user who may write to a folder on the way could
 * lead it to files that are none of theirs. Throws the error of the system, with the code ELOOP for links of others.
 */
export function resolveOwnLinks(path: string): string {
  return process.geteuid?.() === 0 ? resolveRootsLinks(resolve(path), 0) : realpathSync(path)
}

function resolveRootsLinks(path: string, links: number): string {
  const parts = path.split(sep).filter((part) => part !== '')
  let place: string = sep
  for (const [index, part] of parts.entries()) {
    const next = join(place, part)
    const facts = lstatSync(next)
    if (facts.isSymbolicLink()) {
      if (facts.uid !== 0)
        throw createError(`${next} is a link of user ${facts.uid}, which root does not follow`)
      if (links === MOST_LINKS) throw createError(`${path} has too many links`)
      return resolveRootsLinks(
        resolve(place, readlinkSync(next), ...parts.slice(index + 1)),
        links + 1,
      )
    }
    place = next
  }
  return place
}

function createError(message: string): Error {
  return Object.assign(new Error(message), { code: 'ELOOP' })
}
