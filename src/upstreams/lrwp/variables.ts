import type { Exchange } from '../../core/exchange.ts'
import type { Invocation } from '../../core/upstream.ts'
import { listVariables, type VariableSettings } from '../variables/list-variables.ts'

/**
 * The variables of a request for a peer, names and values in turn. Besides those for all gateways it has two of Xitami:
 * adapters for old frameworks take the path of the application from SCRIPT_PATH.
 */
export function listPeerVariables(
  { exchange, invocation }: { readonly exchange: Exchange; readonly invocation: Invocation },
  settings: VariableSettings,
): string[] {
  const { request, connection } = exchange
  const variables = listVariables({ exchange, invocation }, settings)
  variables.push('SCRIPT_PATH', invocation.scriptName)
  if (request.host !== '') variables.push('SERVER_URL', `${connection.scheme}://${request.host}`)
  return variables
}
