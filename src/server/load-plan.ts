import type { Environment } from './config/environment.ts'
import { listUnknownVariables, loadEnvironmentLayer } from './config/environment.ts'
import { findConfigFile, loadConfigFile, type ConfigFile } from './config/config-file.ts'
import { loadForeignLayer } from './config/foreign-variables.ts'
import { mergeLayers, type Layer } from './config/layers.ts'
import { listServerProblems, resolveServer } from './config/resolve.ts'
import type { ServerPlan } from './config/resolved.ts'
import { findNearbyTargets } from './config/nearby-targets.ts'
import { findUsualTarget, USUAL_NAMES } from './config/target.ts'
import { warnOfShortTimes } from './config/short-times.ts'
import { isRecord } from './option-types/plain-object.ts'
import type { OptionSource } from './option-types/problems.ts'
import { validateConfig } from './config/validate.ts'
import { TaipanError } from '../core/errors.ts'
import type { TaipanConfig } from './options/schema.ts'

/** Input of a command. */
export interface CommandInput {
  /** Options of the command line. */
  readonly layer: Layer
  /** `--config`. */
  readonly config?: string | undefined
  readonly environment: Environment
  /** Messages about options of other servers: how they were translated, and which have no effect. */
  readonly hints?: readonly string[]
  readonly warnings?: readonly string[]
  /** Id of this process; sockets for another process are not used. */
  readonly pid?: number
  /** Standard input is a listening socket. */
  readonly listensAtInput?: boolean
  /** The configuration file is read once more, and may have changed. */
  readonly anew?: boolean
  /** Allow a plan without applications, with one empty group: for a report on Python only. */
  readonly mayServeNothing?: boolean
}

/** The plan of a command: flags override variables, variables override the file. Rejects with `USAGE`, `CONFIG_INVALID` or `CONFIG_NOT_FOUND`. */
export async function loadCommandPlan(input: CommandInput): Promise<ServerPlan> {
  const { layer, environment, mayServeNothing = false } = input
  const cwd = layer.directory
  const variables = loadEnvironmentLayer(environment, cwd)
  const hasTarget = layer.value['app'] !== undefined || variables.value['app'] !== undefined
  const path =
    input.config ?? environment['TAIPAN_CONFIG'] ?? (hasTarget ? undefined : findConfigFile(cwd))
  const file =
    path === undefined || path === '' ? undefined : await loadConfigFile(path, cwd, input)
  const layers = [...(file === undefined ? [] : [createFileLayer(file)]), variables, layer]
  const { pid, listensAtInput } = input
  const foreign = loadForeignLayer({ environment, directory: cwd, pid, listensAtInput }, layers)
  layers.unshift(foreign.layer)
  if (file === undefined && !hasTarget)
    layers.push(createUsualLayer(layer, variables, mayServeNothing))
  const { value, sources } = mergeLayers(layers)
  const directory = file?.directory ?? cwd
  const given = {
    sources,
    directory,
    configFile: file?.path,
    configName: file?.name,
    environment,
    pid,
    mayServeNothing,
  }
  const config = validateConfig({ value, sources, file: file?.name }, (rest) =>
    listServerProblems({ ...given, config: rest }),
  )
  const plan = resolveServer({ ...given, config })
  const shortTimes = file === undefined ? [] : warnOfShortTimes(file.value, file.name)
  return {
    ...plan,
    hints: [...(input.hints ?? []), ...foreign.hints, ...plan.hints],
    warnings: [
      ...(input.warnings ?? []),
      ...foreign.warnings,
      ...listUnknownVariables(environment),
      ...shortTimes,
      ...plan.warnings,
    ],
  }
}

/** The plan of a configuration object. Throws `CONFIG_INVALID` or `CONFIG_NOT_FOUND`. */
export function resolveConfigPlan(
  options: TaipanConfig,
  caller: { readonly cwd: string; readonly environment: Environment },
): ServerPlan {
  const { cwd: directory, environment } = caller
  validateObject(options)
  const layer = { directory, value: { ...options }, sources: new Map() }
  const { value, sources } = mergeLayers([layer])
  const given = { sources, directory, environment }
  const config = validateConfig({ value, sources }, (rest) =>
    listServerProblems({ ...given, config: rest }),
  )
  return resolveServer({ ...given, config })
}

/** JavaScript callers have no types. */
function validateObject(options: unknown): void {
  if (isRecord(options)) return
  const example = typeof options === 'string' ? JSON.stringify(options) : '"shop.wsgi:application"'
  const found = Array.isArray(options) ? 'a list' : (JSON.stringify(options) ?? typeof options)
  throw new TaipanError(
    'CONFIG_INVALID',
    `the options must be an object, found ${found}; write { app: ${example} }`,
  )
}

function createFileLayer(file: ConfigFile): Layer {
  return { directory: file.directory, value: file.value, sources: new Map() }
}

/** Without TARGET and configuration file, uses a usual file of the folder as target; folders, other servers and peers are enough, too. */
function createUsualLayer(layer: Layer, variables: Layer, mayServeNothing: boolean): Layer {
  const sources = new Map<string, OptionSource>()
  const folder = layer.value['appDirectory'] ?? variables.value['appDirectory']
  const from = typeof folder === 'string' ? folder : layer.directory
  const target = findUsualTarget(from)
  if (target !== undefined) return { directory: from, value: { app: target }, sources }
  const hasRoutes = ['static', 'scripts', 'upstream', 'lrwp'].some(
    (key) => layer.value[key] !== undefined || variables.value[key] !== undefined,
  )
  if (hasRoutes || mayServeNothing) return { directory: from, value: {}, sources }
  throw new TaipanError(
    'USAGE',
    `no TARGET, and nothing to serve in ${from}: there is no taipan.config.{ts,mts,js,mjs,json} and none of ${USUAL_NAMES.join(', ')}. ${adviseTarget(from)}`,
  )
}

function adviseTarget(folder: string): string {
  const [first, ...others] = findNearbyTargets(folder)
  if (first === undefined)
    return 'Write for example taipan serve path/app.py or taipan serve package.module:application'
  const more = others.length === 0 ? '' : ` (also there: ${others.join(', ')})`
  const word = /^[\w./-]+$/.test(first) ? first : `'${first}'`
  return `Write for example taipan serve ${word}${more}`
}
