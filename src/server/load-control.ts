import * as v from 'valibot'
import { TaipanError } from '../core/errors.ts'
import { findConfigFile, loadConfigFile, type ConfigFile } from './config/config-file.ts'
import { loadEnvironmentLayer } from './config/environment.ts'
import { mergeLayers } from './config/layers.ts'
import { resolveControl, type ControlPlan } from './config/resolve-control.ts'
import type { CommandInput } from './load-plan.ts'
import { Problems } from './option-types/problems.ts'
import { CONTROL_OPTION } from './options/control.ts'

/** Where a server is controlled, by flags, variables and the configuration file. Rejects with `USAGE` if they name nothing. */
export async function loadControlPlan(
  input: Pick<CommandInput, 'layer' | 'config' | 'environment'>,
): Promise<ControlPlan> {
  const { layer, environment } = input
  const variables = loadEnvironmentLayer(environment, layer.directory)
  const given = [variables, layer]
  const isNamed = given.some(
    ({ value }) => Reflect.get(Object(value['control']), 'bind') !== undefined,
  )
  const file = await loadFile(input, isNamed)
  const layers = file === undefined ? given : [fileLayer(file), ...given]
  const { value, sources } = mergeLayers(layers)
  if (value['control'] === undefined)
    throw new TaipanError(
      'USAGE',
      'no control address: name it by --control ADDR or TAIPAN_CONTROL, as the server was told, such as --control unix:run/control.sock; or run this where its configuration file is',
    )
  const problems = new Problems(sources, file?.name)
  const { success, output, issues } = v.safeParse(CONTROL_OPTION.schema, value['control'])
  if (!success)
    for (const { message, path } of issues)
      problems.add(
        ['control', ...(path ?? []).map(({ key }) => String(key))],
        `expected ${message}`,
      )
  const plan = success ? resolveControl({ control: output }, problems) : undefined
  if (plan === undefined) throw problems.createError()
  return plan
}

/** A file that was not named matters only where nothing else names the address. */
async function loadFile(
  { layer, config, environment }: Pick<CommandInput, 'layer' | 'config' | 'environment'>,
  isNamed: boolean,
): Promise<ConfigFile | undefined> {
  const cwd = layer.directory
  const named = config ?? environment['TAIPAN_CONFIG']
  const path = named ?? (isNamed ? undefined : findConfigFile(cwd))
  return path === undefined || path === '' ? undefined : await loadConfigFile(path, cwd)
}

function fileLayer({ directory, value }: ConfigFile) {
  return { directory, value: { control: value['control'] }, sources: new Map() }
}
