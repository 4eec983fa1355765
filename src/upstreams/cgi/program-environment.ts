import type { Exchange } from '../../core/exchange.ts'
import type { Invocation } from '../../core/upstream.ts'
import type { CgiName } from '../../wire/cgi-names.ts'
import { writeCgiVariables } from '../../wire/cgi-variables.ts'
import { decodeLatin1 } from '../../wire/percent.ts'
import { readServerName } from '../variables/server-name.ts'
import { translatePathInfo } from '../variables/translated-path.ts'

/** The same for all requests of a route. */
export interface ProgramSettings {
  readonly serverSoftware: string
  /** Environment of the programs besides the variables of CGI: PATH, LANG, and what the route gives. */
  readonly environment: Readonly<Record<string, string>>
}

// Credentials that programs may show or pass on unwittingly (RFC 3875, 4.1.18).
const SECRET = new Set(['HTTP_AUTHORIZATION', 'HTTP_PROXY_AUTHORIZATION'])

/** The whole environment of a CGI program (RFC 3875, 4.1). Values are UTF-8 of the bytes of the request, because Node passes nothing else. */
export function createProgramEnvironment(
  exchange: Exchange,
  invocation: Invocation,
  { serverSoftware, environment }: ProgramSettings,
): Record<string, string> {
  const variables: Record<string, string> = { ...environment }
  const writer = {
    variable({ text }: CgiName, value: string) {
      if (!text.startsWith('taipan.') && !SECRET.has(text)) variables[text] = decodeLatin1(value)
    },
  }
  writeCgiVariables(exchange, invocation, writer)
  const { remoteAddress, scheme } = exchange.connection
  const { script, pathInfo } = invocation
  variables['GATEWAY_INTERFACE'] = 'CGI/1.1'
  variables['SERVER_SOFTWARE'] = serverSoftware
  variables['REQUEST_SCHEME'] = scheme
  variables['SERVER_ADDR'] ??= variables['SERVER_NAME'] ?? ''
  const server = readServerName(exchange)
  if (server !== undefined) {
    variables['SERVER_NAME'] = server.name
    variables['SERVER_PORT'] = server.port
  }
  // The address may stand for the name (RFC 3875, 4.1.9).
  variables['REMOTE_HOST'] = remoteAddress
  const translated = script === undefined ? undefined : translatePathInfo(script.root, pathInfo)
  if (translated !== undefined) variables['PATH_TRANSLATED'] = decodeLatin1(translated)
  if (variables['CONTENT_LENGTH'] === '0') delete variables['CONTENT_LENGTH']
  return variables
}
