import type { Exchange } from '../../core/exchange.ts'
import type { Invocation } from '../../core/upstream.ts'
import type { CgiName } from '../../wire/cgi-names.ts'
import { writeCgiVariables } from '../../wire/cgi-variables.ts'
import { readServerName } from './server-name.ts'

/** The same for all requests of a route. One character per byte. */
export interface VariableSettings {
  readonly serverSoftware: string
  /** Further variables; they win. */
  readonly params: Readonly<Record<string, string>>
}

/** Names and values in turn of the variables of CGI/1.1 and those that nginx adds; no name comes twice. */
export function listVariables(
  { exchange, invocation }: { readonly exchange: Exchange; readonly invocation: Invocation },
  { serverSoftware, params }: VariableSettings,
): string[] {
  const { connection, failure } = exchange
  const { scriptName, pathInfo, script } = invocation
  const server = readServerName(exchange)
  const variables: string[] = []
  const add = (name: string, value: string): void => {
    if (!Object.hasOwn(params, name)) variables.push(name, value)
  }
  const writer = {
    variable({ text }: CgiName, value: string) {
      if (text === 'SERVER_NAME') add(text, server?.name ?? value)
      else if (text === 'SERVER_PORT') add(text, server?.port ?? value)
      // The gateway has answered that itself.
      else if (text !== 'HTTP_EXPECT' && !text.startsWith('taipan.')) add(text, value)
    },
  }
  writeCgiVariables(exchange, invocation, writer)
  add('GATEWAY_INTERFACE', 'CGI/1.1')
  add('SERVER_SOFTWARE', serverSoftware)
  add('REQUEST_SCHEME', connection.scheme)
  add('SERVER_ADDR', connection.localAddress)
  add('DOCUMENT_URI', scriptName + pathInfo)
  // PHP that was built so runs nothing without it.
  if (failure === undefined) add('REDIRECT_STATUS', '200')
  if (script !== undefined && pathInfo !== '')
    add('PATH_TRANSLATED', script.root.replace(/\/$/, '') + pathInfo)
  for (const name in params) variables.push(name, params[name] ?? '')
  return variables
}
