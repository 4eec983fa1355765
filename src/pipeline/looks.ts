import { statSync, type Stats } from 'node:fs'

const looks = new Map<string, Stats | undefined>()

/**
 * What is at an absolute path; undefined if nothing is, or it cannot be found out.
 *
 * Requests that arrive together, in one turn of the event loop, share a look, which costs as much as all else that Node
 * does for a request. None of them was sent after the answer to another.
 */
export function lookAt(path: string): Stats | undefined {
  const known = looks.get(path)
  if (known !== undefined || looks.has(path)) return known
  const facts = examine(path)
  if (looks.size === 0) setImmediate(forgetLooks)
  looks.set(path, facts)
  return facts
}

/** Makes the next look a new one: something may have been changed meanwhile, in this turn. */
export function forgetLooks(): void {
  looks.clear()
}

function examine(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch {
    // Names that are too long, circles of links, folders that may not be searched.
    return undefined
  }
}
