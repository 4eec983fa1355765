import { readFileSync } from 'node:fs'

// The path is the same from `src/` and from `dist/`.
const PACKAGE = new URL('../../package.json', import.meta.url)

/** Version of this package. */
export const VERSION = readVersion()

/** Name of this package for clients and applications. */
export const SERVER_SOFTWARE = `taipan/${VERSION}`

function readVersion(): string {
  const facts: unknown = JSON.parse(readFileSync(PACKAGE, 'utf8'))
  const version: unknown =
    typeof facts === 'object' && facts !== null ? Reflect.get(facts, 'version') : undefined
  return typeof version === 'string' ? version : 'unknown'
}
