import type { Exchange } from '../../core/exchange.ts'
import type { Invocation } from '../../core/upstream.ts'
import type { CgiName } from '../../wire/cgi-names.ts'
import { writeCgiVariables } from '../../wire/cgi-variables.ts'

/** The variables of a request for a peer, names and values in turn, one character per byte. */
export function listPeerVariables(
  exchange: Exchange,
  invocation: Invocation,
  serverSoftware: string,
): string[] {
  const variables: string[] = [
    'GATEWAY_INTERFACE',
    'CGI/1.1',
    'SERVER_SOFTWARE',
    serverSoftware,
    'REQUEST_SCHEME',
    exchange.connection.scheme,
    // Of Xitami, where SCRIPT_NAME is something else: adapters for old frameworks take the path from here.
    'SCRIPT_PATH',
    invocation.scriptName,
  ]
  writeCgiVariables(exchange, invocation, {
    variable({ text }: CgiName, value: string) {
      if (!text.startsWith('taipan.')) variables.push(text, value)
    },
  })
  return variables
}
