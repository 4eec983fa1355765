import { readFileSync } from 'node:fs'

// `src/` and `dist/` lie equally deep below the folder of the package.
const PACKAGE = new URL('../../package.json', import.meta.url)

/** Version of this package. */
export const VERSION = readVersion()

/** How this package names itself to clients and applications. */
export const SERVER_SOFTWARE = `taipan/${VERSION}`

function readVersion(): string {
  const facts: unknown = JSON.parse(readFileSync(PACKAGE, 'utf8'))
  const version: unknown =
    typeof facts === 'object' && facts !== null ? Reflect.get(facts, 'version') : undefined
  return typeof version === 'string' ? version : 'unknown'
}
