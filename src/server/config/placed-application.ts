import { basename } from 'node:path'
import type { Application } from '../../core/application.ts'
import type { Isolation } from '../../core/isolation.ts'
import { pathBelow } from '../../core/path-below.ts'

/** An application with its group. */
export interface PlacedApplication {
  readonly application: Application
  /** What routes call it. */
  readonly key: string
  /** Where it runs. */
  readonly group: string
  /** The group of the configuration that this is, or that it is derived from. */
  readonly base: string
  readonly isolation: Isolation
  readonly env: Readonly<Record<string, string>>
  /** Folder of its sources. */
  readonly folder: string
  /** `sys.argv[0]` of the application. */
  readonly argument: string
  /** The rest of it. */
  readonly arguments: readonly string[]
}

type Placing = Pick<PlacedApplication, 'key' | 'group' | 'folder' | 'argument'> &
  Partial<Pick<PlacedApplication, 'isolation' | 'env' | 'arguments'>>

/** Puts an application into a group of the configuration. */
export function placeApplication<A extends Application>(
  application: A,
  { isolation = 'shared', env = {}, arguments: words = [], ...place }: Placing,
): PlacedApplication & { readonly application: A } {
  return { application, ...place, base: place.group, isolation, env, arguments: words }
}

/** What messages call the application of a file or folder that has no name: its path, seen from `directory`. */
export function nameSource(path: string, directory: string): string {
  return (pathBelow(directory, path) ?? path) || basename(path)
}

/** A name that no other application has; `distinction` tells it from one of the same name. */
export function distinguish(
  name: string,
  distinction: string,
  others: readonly PlacedApplication[],
): string {
  const taken = others.some(({ application }) => application.name === name)
  return taken ? `${name} (${distinction})` : name
}
