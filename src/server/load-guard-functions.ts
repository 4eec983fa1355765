import * as v from 'valibot'
import { loadConfigFile } from './config/config-file.ts'
import { selectGuardFunctions } from './config/resolve-guards.ts'
import type { GuardFunctions, GuardSource, ServerPlan } from './config/resolved.ts'
import { TOP } from './options/table.ts'

/** Reads the functions of a plan from its configuration file again, in a process that has got the plan as data. */
export async function loadGuardFunctions(
  plan: Pick<ServerPlan, 'routes' | 'configFile' | 'directory'>,
): Promise<ReadonlyMap<number, GuardFunctions>> {
  const { routes, configFile, directory } = plan
  const isNeeded = routes.some(
    ({ guard }) => isFunctions(guard?.access) || isFunctions(guard?.auth?.source),
  )
  if (!isNeeded || configFile === undefined) return new Map()
  const { value } = await loadConfigFile(configFile, directory)
  return selectGuardFunctions(v.parse(TOP.routes.schema, value['routes']))
}

function isFunctions(source: GuardSource | undefined): boolean {
  return source?.kind === 'functions'
}
