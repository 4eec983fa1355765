import { realpathSync, type Stats } from 'node:fs'
import type { ScriptFacts } from '../../core/upstream.ts'
import { encodeLatin1 } from '../../wire/percent.ts'
import { resolveFilePath } from '../static/file-path.ts'
import { lookAt } from '../looks.ts'
import { SourceNames, type ScriptKinds } from './script-kinds.ts'

/** A script that a path names. */
export interface FoundScript {
  readonly kind: 'script'
  readonly script: ScriptFacts
  /** Index in the raw path below the mount where PATH_INFO begins. */
  readonly end: number
  /** What SCRIPT_NAME has beyond the raw path up to `end`: the name of an index file. */
  readonly added: string
}

/** What a path in the folder names; `refused` exists but must not be seen. */
export type FolderEntry =
  | FoundScript
  /** The raw path without what is between these indices. */
  | { readonly kind: 'moved'; readonly from: number; readonly to: number }
  | { readonly kind: 'file' | 'nothing' | 'refused' }
  | { readonly kind: 'directory' }

/** Whether URLs have the extension of a script; where it is hidden, those with it are redirected. */
export type ExtensionRule = 'shown' | 'hidden' | 'optional'

/** Options of a folder of scripts. */
export interface ScriptFolderOptions {
  /** Absolute path. */
  readonly root: string
  readonly kinds: ScriptKinds
  /** Files to serve for a folder, in order of preference. */
  readonly index: readonly string[]
  readonly extension: ExtensionRule
  /** How all other files are run; undefined: they are sent. */
  readonly otherKind?: string | undefined
}

/** A script, a file to send, or undefined for what must not be seen. */
type Examined = ScriptFacts | 'file' | undefined

interface Kept {
  readonly dev: number
  readonly ino: number
  readonly mtimeMs: number
  readonly ctimeMs: number
  readonly size: number
  readonly examined: Examined
}

interface NamedScript {
  /** Absolute path. */
  readonly place: string
  readonly kept: Kept
  readonly found: FoundScript
}

const KEPT_LIMIT = 4096
const NOTHING: FolderEntry = { kind: 'nothing' }
const REFUSED: FolderEntry = { kind: 'refused' }
const FILE: FolderEntry = { kind: 'file' }
const DIRECTORY: FolderEntry = { kind: 'directory' }

/**
 * Finds the files of a folder of scripts. Each look-up asks the file system, synchronously: a few microseconds in the
 * kernel's cache, where a thread of Node's pool would cost more than the script.
 */
export class ScriptFolder {
  readonly #root: string
  readonly #rootVariable: string
  readonly #names: SourceNames
  readonly #index: readonly string[]
  readonly #extension: ExtensionRule
  readonly #otherKind: string | undefined
  readonly #kept = new Map<string, Kept>()
  /** Scripts by the whole raw path that named them. */
  readonly #named = new Map<string, NamedScript>()

  constructor({ root, kinds, index, extension, otherKind }: ScriptFolderOptions) {
    this.#otherKind = otherKind
    this.#extension = extension
    this.#root = root === '/' ? '' : root.replace(/\/$/, '')
    this.#rootVariable = encodeLatin1(root)
    this.#names = new SourceNames(kinds)
    this.#index = index
  }

  /** What the raw path below the mount names: the longest existing file. */
  find(rest: string): FolderEntry {
    const named = this.#named.get(rest)
    if (named !== undefined) {
      const facts = lookAt(named.place)
      // While the file is there what is above it are folders, which need no look.
      if (facts !== undefined && isSame(named.kept, facts)) return named.found
      this.#named.delete(rest)
    }
    return this.#walk(rest)
  }

  #walk(rest: string): FolderEntry {
    let at = 0
    while (at < rest.length) {
      const next = rest.indexOf('/', at + 1)
      const end = next === -1 ? rest.length : next
      if (end === at + 1) break
      const path = resolveFilePath(rest.slice(0, end))
      if (path === undefined) return REFUSED
      const facts = lookAt(this.#root + path)
      if (facts === undefined)
        return this.#extension === 'shown' ? NOTHING : this.#findHidden(path, end)
      if (!facts.isDirectory()) return this.#findFile(path, facts, { rest, end })
      at = end
    }
    if (at < rest.length - 1) return NOTHING
    return at === rest.length && at > 0 ? DIRECTORY : this.#findIndex(rest)
  }

  #findHidden(path: string, end: number): FolderEntry {
    for (const ending of this.#names.endings) {
      const facts = lookAt(this.#root + path + ending)
      if (facts === undefined || !facts.isFile()) continue
      const found = this.#examine(path + ending, facts)
      if (typeof found !== 'object') return REFUSED
      return { kind: 'script', script: found, end, added: '' }
    }
    return NOTHING
  }

  #findIndex(rest: string): FolderEntry {
    const folder = rest === '' ? '/' : resolveFilePath(rest)
    if (folder === undefined) return REFUSED
    for (const name of this.#index) {
      const facts = lookAt(this.#root + folder + name)
      if (facts === undefined || !facts.isFile()) continue
      const found = this.#examine(folder + name, facts)
      if (found === undefined) return REFUSED
      if (found === 'file') return FILE
      return {
        kind: 'script',
        script: found,
        end: rest.length,
        added: this.#addedName(rest, name),
      }
    }
    return NOTHING
  }

  #findFile(
    path: string,
    facts: Stats,
    { rest, end }: { readonly rest: string; readonly end: number },
  ): FolderEntry {
    if (!facts.isFile()) return REFUSED
    const found = this.#examine(path, facts)
    if (found === undefined) return REFUSED
    if (found === 'file') return end === rest.length ? FILE : NOTHING
    if (this.#extension === 'hidden')
      return { kind: 'moved', from: end - (path.length - path.lastIndexOf('.')), to: end }
    const entry: FoundScript = { kind: 'script', script: found, end, added: '' }
    // What follows the file in a path may be anything.
    if (end === rest.length) this.#name(rest, path, entry)
    return entry
  }

  #name(rest: string, path: string, found: FoundScript): void {
    const kept = this.#kept.get(path)
    if (kept === undefined) return
    if (this.#named.size >= KEPT_LIMIT) this.#named.clear()
    this.#named.set(rest, { place: this.#root + path, kept, found })
  }

  #addedName(rest: string, name: string): string {
    const shown = this.#extension === 'hidden' ? name.slice(0, name.lastIndexOf('.')) : name
    return rest === '' ? `/${shown}` : shown
  }

  /**
   * The script of a regular file, or `file`; undefined if it must not be seen. Remembers it, because following links
   * costs more than all else.
   */
  #examine(path: string, facts: Stats): Examined {
    const kept = this.#kept.get(path)
    if (kept !== undefined && isSame(kept, facts)) return kept.examined
    if (this.#kept.size >= KEPT_LIMIT) this.#kept.clear()
    const { dev, ino, mtimeMs, ctimeMs, size } = facts
    const examined = this.#judge(path, `${mtimeMs} ${ctimeMs} ${size} ${ino}`)
    this.#kept.set(path, { dev, ino, mtimeMs, ctimeMs, size, examined })
    return examined
  }

  #judge(path: string, version: string): Examined {
    const real = this.#follow(path)
    if (real === undefined) return undefined
    const name = path.slice(path.lastIndexOf('/') + 1)
    const kind = this.#names.kindOf(name) ?? this.#otherKind
    // A link may have a name that its target has not.
    if (kind === undefined)
      return this.#names.isSource(path) || this.#names.isSource(real) ? undefined : 'file'
    const filename = encodeLatin1(this.#root + path)
    return { filename, root: this.#rootVariable, kind: encodeLatin1(kind), version }
  }

  /** The path below the real folder that a path leads to; undefined if it leads out of it. */
  #follow(path: string): string | undefined {
    try {
      const root = realpathSync(this.#root === '' ? '/' : this.#root)
      const real = realpathSync(this.#root + path)
      const folder = root === '/' ? '' : root
      return real.startsWith(`${folder}/`) ? real.slice(folder.length) : undefined
    } catch {
      // It has gone meanwhile.
      return undefined
    }
  }
}

function isSame(kept: Kept, facts: Stats): boolean {
  return (
    kept.mtimeMs === facts.mtimeMs &&
    kept.ino === facts.ino &&
    kept.ctimeMs === facts.ctimeMs &&
    kept.size === facts.size &&
    kept.dev === facts.dev
  )
}
