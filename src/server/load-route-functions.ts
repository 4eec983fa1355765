import * as v from 'valibot'
import { loadConfigFile } from './config/config-file.ts'
import { hasFunctions, selectDispatchers, selectRouteFunctions } from './config/route-functions.ts'
import type { ServerPlan } from './config/resolved.ts'
import { TOP } from './options/table.ts'

/** Reads the functions of a plan from its configuration file again, in a process that has got the plan as data. */
export async function loadRouteFunctions(
  plan: Pick<ServerPlan, 'routes' | 'configFile' | 'directory'>,
): Promise<Pick<ServerPlan, 'routeFunctions' | 'dispatchers'>> {
  const { routes, configFile, directory } = plan
  if (!routes.some(hasFunctions) || configFile === undefined)
    return { routeFunctions: new Map<never, never>(), dispatchers: new Map<never, never>() }
  const { value } = await loadConfigFile(configFile, directory)
  return {
    routeFunctions: selectRouteFunctions(v.parse(TOP.routes.schema, value['routes'] ?? [])),
    dispatchers: selectDispatchers(v.parse(TOP.apps.schema, value['apps'] ?? {})),
  }
}
