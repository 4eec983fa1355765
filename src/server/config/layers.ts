import { anchorPaths } from './anchor.ts'
import { isRecord } from './record.ts'

/** Unchecked values of one source, with the folder that its relative paths count from. */
export interface Layer {
  readonly directory: string
  readonly value: Readonly<Record<string, unknown>>
  /** Dotted path to the name under which the person gave it; empty for files. */
  readonly origins: ReadonlyMap<string, string>
}

/** All layers together, paths absolute. */
export interface MergedLayers {
  readonly value: Readonly<Record<string, unknown>>
  readonly origins: ReadonlyMap<string, string>
}

type Values = Record<string, unknown>

// These add up; of every other key the later layer's value counts.
const MERGED_KEYS = new Set(['env', 'static', 'log', 'webSocket'])
const GROUP_KEYS = new Set([
  'engine',
  'processes',
  'threads',
  'python',
  'loop',
  'concurrency',
  'cancelOnDisconnect',
])

/** Puts layers above each other, the strongest last. */
export function mergeLayers(layers: readonly Layer[]): MergedLayers {
  const value: Values = {}
  const origins = new Map<string, string>()
  for (const layer of layers) {
    const anchored = anchorPaths(layer.value, layer.directory)
    if (layer.origins.size > 0) overrideGroups(value, anchored)
    for (const [key, given] of Object.entries(anchored))
      if (given !== undefined) value[key] = mergeValues(key, value[key], given)
    for (const [path, origin] of layer.origins) origins.set(path, origin)
  }
  return { value, origins }
}

function mergeValues(key: string, before: unknown, given: unknown): unknown {
  if (key === 'envFile' && before !== undefined) return [before, given].flat()
  return MERGED_KEYS.has(key) && isRecord(before) && isRecord(given)
    ? { ...before, ...given }
    : given
}

/** A flag or variable beats what the file says for each group. */
function overrideGroups(value: Values, stronger: Values): void {
  const { groups } = value
  const given = Object.entries(stronger).filter(([key]) => GROUP_KEYS.has(key))
  if (!isRecord(groups) || given.length === 0) return
  const override = Object.fromEntries(given)
  value['groups'] = Object.fromEntries(
    Object.entries(groups).map(([name, group]) => [
      name,
      isRecord(group) ? { ...group, ...override } : group,
    ]),
  )
}
