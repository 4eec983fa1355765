import type { FoundPeers, PeerDirectory } from '../../core/peer-directory.ts'
import { normalizeHost } from '../../wire/host-name.ts'
import { decodePercent } from '../../wire/percent.ts'
import { foldName, formatKey, normalizeGivenName } from './names.ts'

const ENCODED_SLASH = /%2f/i

/** Finds by host and path what has registered. A name with a dot in front matches the end of paths, others the beginning. */
export class PeerIndex implements PeerDirectory {
  readonly #keys = new Set<string>()
  /** Endings of paths, the longest first. */
  #suffixes: readonly string[] = []
  /** Components of the longest name. */
  #depth = 0

  add(key: string): void {
    this.#keys.add(key)
    this.#measure()
  }

  delete(key: string): void {
    this.#keys.delete(key)
    this.#measure()
  }

  /** The longest name wins, for each length the one of the host, names before endings. */
  findByPath(authority: string, path: string): FoundPeers | undefined {
    const host = normalizeHost(authority)
    for (const end of listEnds(path, this.#depth)) {
      const part = path.slice(1, end)
      const application = ENCODED_SLASH.test(part) ? undefined : this.#find(part, host)
      if (application !== undefined) return { application, end }
    }
    return this.#findBySuffix(host, path)
  }

  findByName(authority: string, name: string): string | undefined {
    return this.#choose(normalizeGivenName(name), normalizeHost(authority))
  }

  #find(part: string, host: string): string | undefined {
    return part.startsWith('.') ? undefined : this.#choose(foldName(decodePercent(part)), host)
  }

  #findBySuffix(host: string, path: string): FoundPeers | undefined {
    if (this.#suffixes.length === 0) return undefined
    const folded = foldName(decodePercent(path))
    for (const suffix of this.#suffixes) {
      const application = folded.endsWith(suffix) ? this.#choose(suffix, host) : undefined
      if (application !== undefined) return { application, end: path.length }
    }
    return undefined
  }

  #choose(name: string, host: string): string | undefined {
    return [formatKey(name, host), name].find((key) => this.#keys.has(key))
  }

  #measure(): void {
    const names = [...this.#keys].map((key) => key.replace(/ .*/s, ''))
    const suffixes = new Set(names.filter((name) => name.startsWith('.')))
    this.#suffixes = [...suffixes].toSorted((a, b) => b.length - a.length)
    this.#depth = Math.max(0, ...names.map((name) => name.split('/').length))
  }
}

/** Indexes after the first components of a path, the last of `most` first. */
function listEnds(path: string, most: number): number[] {
  const ends: number[] = []
  for (let end = 0; ends.length < most && end < path.length;) {
    const slash = path.indexOf('/', end + 1)
    end = slash === -1 ? path.length : slash
    ends.unshift(end)
  }
  return ends
}
