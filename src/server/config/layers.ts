import { resolve } from 'node:path'
import { availableParallelism } from 'node:os'

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
const MERGED_KEYS = new Set(['env', 'static', 'log'])

/** Puts layers above each other, the strongest last. */
export function mergeLayers(layers: readonly Layer[]): MergedLayers {
  const value: Values = {}
  const origins = new Map<string, string>()
  for (const layer of layers) {
    const anchored = anchorPaths(layer)
    if (layer.origins.size > 0) overrideGroups(value, anchored)
    for (const [key, given] of Object.entries(anchored)) {
      if (given === undefined) continue
      const before = value[key]
      if (key === 'envFile' && Array.isArray(before) && Array.isArray(given))
        value[key] = [...(before as unknown[]), ...(given as unknown[])]
      else value[key] = MERGED_KEYS.has(key) && isRecord(before) && isRecord(given) ? { ...before, ...given } : given
    }
    for (const [path, origin] of layer.origins) origins.set(path, origin)
  }
  return { value, origins }
}

/** A flag or variable beats what the file says for each group. */
function overrideGroups(value: Values, stronger: Values): void {
  const { groups } = value
  if (!isRecord(groups)) return
  const given = Object.entries(stronger).filter(
    ([key]) => key === 'processes' || key === 'threads' || key === 'python',
  )
  if (given.length === 0) return
  value['groups'] = Object.fromEntries(
    Object.entries(groups).map(([name, group]) => [
      name,
      isRecord(group) ? { ...group, ...Object.fromEntries(given) } : group,
    ]),
  )
}

/** Makes relative paths absolute; values of wrong types are left to the schema. */
function anchorPaths({ value, directory }: Layer): Values {
  const path = (given: unknown): unknown =>
    typeof given === 'string' && given !== '' ? resolve(directory, given) : given
  const python = (given: unknown): unknown =>
    typeof given === 'string' && given.includes('/') ? resolve(directory, given) : given
  const fields = (given: unknown, rules: Readonly<Record<string, (one: unknown) => unknown>>): unknown =>
    isRecord(given)
      ? Object.fromEntries(
          Object.entries(given).map(([key, one]) => [key, rules[key]?.(one) ?? one]),
        )
      : given
  const each = (given: unknown, rule: (one: unknown) => unknown): unknown => {
    if (Array.isArray(given)) return given.map(rule)
    if (!isRecord(given)) return rule(given)
    return Object.fromEntries(Object.entries(given).map(([key, one]) => [key, rule(one)]))
  }
  const anchored = fields(value, {
    python,
    appDirectory: path,
    envFile: (given) => each(given, path),
    static: (given) => (isRecord(given) ? each(given, path) : given),
    bind: (given) => each(given, (one) => anchorAddress(one, directory)),
    groups: (given) => (isRecord(given) ? each(given, (one) => fields(one, { python })) : given),
    apps: (given) => (isRecord(given) ? each(given, (one) => fields(one, { appDirectory: path })) : given),
    routes: (given) => (Array.isArray(given) ? each(given, (one) => fields(one, { static: path })) : given),
  }) as Values
  if (anchored['app'] !== undefined && anchored['appDirectory'] === undefined)
    anchored['appDirectory'] = directory
  return anchored
}

function anchorAddress(address: unknown, directory: string): unknown {
  if (typeof address !== 'string' || !address.startsWith('unix:')) return address
  return `unix:${resolve(directory, address.slice('unix:'.length))}`
}

/** Whether a value is an object with keys. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** How many processes are meant. */
export function resolveProcesses(processes: number | 'auto'): number {
  return processes === 'auto' ? availableParallelism() : processes
}
