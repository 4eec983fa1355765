import { TaipanError } from '../core/errors.ts'
import type { ServerPlan } from './config/resolved.ts'

/** Throws `CONFIG_INVALID` for what cannot be divided among replicas. */
export function validateReplicas(plan: ServerPlan): void {
  validateFunctions(plan)
  validateDispatchers(plan)
  validatePeers(plan)
}

/** Functions of a configuration cannot be handed to other processes, but those can read its file. */
function validateFunctions({ routeFunctions, configFile }: ServerPlan): void {
  const [route] = routeFunctions.keys()
  if (route !== undefined && configFile === undefined)
    throw new TaipanError(
      'CONFIG_INVALID',
      `routes[${route}]: its functions cannot be handed to the processes in which embedded Python runs; use a script, a configuration file, or the engine "daemon"`,
    )
}

function validateDispatchers({ dispatchers, configFile }: ServerPlan): void {
  const [application] = dispatchers.keys()
  if (application !== undefined && configFile === undefined)
    throw new TaipanError(
      'CONFIG_INVALID',
      `apps.${application}.dispatch: a function cannot be handed to the processes in which embedded Python runs; use a script, a configuration file, or the engine "daemon"`,
    )
}

/** A peer registers with one process, and could be asked by no other. */
function validatePeers({ lrwp, groups }: ServerPlan): void {
  const embedded = groups.find(
    ({ group }) => group.engine === 'embedded' && group.applications.length > 0,
  )
  if (lrwp !== undefined && embedded !== undefined)
    throw new TaipanError(
      'CONFIG_INVALID',
      `lrwp: peers register with one process, but group ${embedded.group.name} has embedded Python, which runs in processes that share the addresses of the server; use the engine "daemon", or another server for the peers`,
    )
}
