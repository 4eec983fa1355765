import * as v from 'valibot'
import { loadConfigFile } from './config/config-file.ts'
import { hasFunctions, selectRouteFunctions } from './config/route-functions.ts'
import type { RouteFunctions, ServerPlan } from './config/resolved.ts'
import { TOP } from './options/table.ts'

/** Reads the functions of a plan from its configuration file again, in a process that has got the plan as data. */
export async function loadRouteFunctions(
  plan: Pick<ServerPlan, 'routes' | 'configFile' | 'directory'>,
): Promise<ReadonlyMap<number, RouteFunctions>> {
  const { routes, configFile, directory } = plan
  if (!routes.some(hasFunctions) || configFile === undefined) return new Map()
  const { value } = await loadConfigFile(configFile, directory)
  return selectRouteFunctions(v.parse(TOP.routes.schema, value['routes']))
}
