import { normalizeHost } from '../../wire/host-name.ts'
import { decodeLatin1, encodeLatin1 } from '../../wire/percent.ts'
import type { Registration } from '../../wire/lrwp/registration.ts'

/** A name as it is looked for: names know no case, and slashes around them do not count. */
export function normalizeName(name: string): string {
  return foldName(name.replaceAll(/^\/|\/+$/g, ''))
}

/** The same for a name in the configuration, which is text. */
export function normalizeGivenName(name: string): string {
  return normalizeName(encodeLatin1(name))
}

/** One character per byte; other letters than those of ASCII are parts of them. */
export function foldName(name: string): string {
  return /[A-Z]/.test(name) ? name.replaceAll(/[A-Z]+/g, (text) => text.toLowerCase()) : name
}

/** What the peers of one name and host are known by. Neither has a space. */
export function formatKey(name: string, host: string): string {
  return host === '' ? name : `${name} ${host}`
}

/** What the peers with this registration are known by. */
export function keyOf({ name, host }: Registration): string {
  return formatKey(normalizeName(name), normalizeHost(host))
}

/** A name or key for people, in whose terminal it does nothing. */
export function showName(name: string): string {
  return decodeLatin1(name).replaceAll(/[\x80-\x9f]/g, '\ufffd')
}
