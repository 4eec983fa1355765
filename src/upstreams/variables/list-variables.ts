import type { Exchange } from '../../core/exchange.ts'
import type { Invocation } from '../../core/upstream.ts'
import type { CgiName } from '../../wire/cgi-names.ts'
import { writeCommonVariables } from '../../wire/cgi-variables.ts'
import { readServerName } from './server-name.ts'
import { translatePathInfo } from './translated-path.ts'

/** The same for all requests of a route. One character per byte. */
export interface VariableSettings {
  readonly serverSoftware: string
  /** Further variables; they win. */
  readonly params: Readonly<Record<string, string>>
}

/** What the variables are about. */
export interface VariableFacts {
  readonly exchange: Exchange
  readonly invocation: Invocation
}

/** Names and values in turn of the variables of CGI/1.1 and those that nginx adds; no name comes twice. */
export function listVariables(facts: VariableFacts, settings: VariableSettings): string[] {
  return [...listCommonVariables(facts, settings), ...listTargetVariables(facts, settings)]
}

/** Those that depend on neither the request target nor its id; clients repeat them. */
export function listCommonVariables(
  { exchange, invocation }: VariableFacts,
  { serverSoftware, params }: VariableSettings,
): string[] {
  const { connection, failure, variables: given } = exchange
  const server = readServerName(exchange)
  const variables: string[] = []
  const add = (name: string, value: string): void => {
    if (!Object.hasOwn(params, name)) variables.push(name, value)
  }
  writeCommonVariables(exchange, invocation, {
    variable({ text }: CgiName, value: string) {
      if (text === 'SERVER_NAME') add(text, server?.name ?? value)
      else if (text === 'SERVER_PORT') add(text, server?.port ?? value)
      // The gateway has answered that itself.
      else if (text !== 'HTTP_EXPECT' && !text.startsWith('taipan.') && !isOwn(text, given))
        add(text, value)
    },
  })
  add('GATEWAY_INTERFACE', 'CGI/1.1')
  add('SERVER_SOFTWARE', serverSoftware)
  add('REQUEST_SCHEME', connection.scheme)
  add('SERVER_ADDR', connection.localAddress)
  // PHP that was built so runs nothing without it.
  if (failure === undefined) add('REDIRECT_STATUS', '200')
  for (const name in params) variables.push(name, params[name] ?? '')
  return variables
}

/** The others. */
export function listTargetVariables(
  { exchange, invocation }: VariableFacts,
  { params }: VariableSettings,
): string[] {
  const { query, target } = exchange.request
  const { scriptName, pathInfo, script } = invocation
  const variables: string[] = []
  const add = (name: string, value: string): void => {
    if (!Object.hasOwn(params, name)) variables.push(name, value)
  }
  add('PATH_INFO', pathInfo)
  add('QUERY_STRING', query)
  add('REQUEST_URI', target)
  if (exchange.sharesId === true) add('HTTP_X_REQUEST_ID', exchange.id)
  add('DOCUMENT_URI', scriptName + pathInfo)
  const translated = script === undefined ? undefined : translatePathInfo(script.root, pathInfo)
  if (translated !== undefined) add('PATH_TRANSLATED', translated)
  return variables
}

// Said here, whatever a server in front has said.
const OWN = new Set([
  'GATEWAY_INTERFACE',
  'SERVER_SOFTWARE',
  'REQUEST_SCHEME',
  'SERVER_ADDR',
  'REDIRECT_STATUS',
  'PATH_INFO',
  'QUERY_STRING',
  'REQUEST_URI',
  'DOCUMENT_URI',
  'PATH_TRANSLATED',
])

/** Whether a variable that was given with the request is one that is said here. */
function isOwn(name: string, given: readonly string[] | undefined): boolean {
  return given !== undefined && OWN.has(name) && given.includes(name)
}
