import type { ConnectionFacts, FrontServerRole } from '../../core/exchange.ts'
import type { FieldPairs } from '../../core/field-block.ts'
import type { Variables } from './variables.ts'

/** Variables that say what stands elsewhere in an exchange, or how a server speaks with its programs. */
const STANDARD = new Set([
  'REQUEST_METHOD',
  'SCRIPT_NAME',
  'PATH_INFO',
  'QUERY_STRING',
  'REQUEST_URI',
  'SERVER_PROTOCOL',
  'SERVER_NAME',
  'SERVER_PORT',
  'REMOTE_ADDR',
  'REMOTE_PORT',
  'HTTPS',
  'CONTENT_TYPE',
  'CONTENT_LENGTH',
  'GATEWAY_INTERFACE',
  'SERVER_SOFTWARE',
  'REDIRECT_STATUS',
  'FCGI_ROLE',
  'SCGI',
])
/** Variables that are absent where there is nothing to say; nginx sends them empty. */
const NEVER_EMPTY = new Set(['AUTH_TYPE', 'REMOTE_USER', 'REMOTE_IDENT', 'REMOTE_HOST'])
// Others could take the place of what a server itself puts into an environ, such as `wsgi.input`.
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

/** What the front server says besides what stands elsewhere: names and values in turn. */
export function listFurther(variables: Variables): FieldPairs {
  const further: string[] = []
  for (const [name, value] of variables)
    if (NAME.test(name) && !STANDARD.has(name) && !(value === '' && NEVER_EMPTY.has(name)))
      further.push(name, value)
  return further
}

/** The connection of the client to the front server. */
export function readConnection(variables: Variables): ConnectionFacts {
  return {
    scheme: isSecure(variables) ? 'https' : 'http',
    remoteAddress: readAddress(variables.get('REMOTE_ADDR')),
    remotePort: readPort(variables.get('REMOTE_PORT')),
    localAddress: readAddress(variables.get('SERVER_ADDR')),
    localPort: readPort(variables.get('SERVER_PORT')),
    localPath: '',
  }
}

/** The role of a number in BEGIN_REQUEST; undefined for one that nobody knows. */
export function findRole(role: number): FrontServerRole | undefined {
  return ROLES[role - 1]
}

const ROLES = ['RESPONDER', 'AUTHORIZER', 'FILTER'] as const

function isSecure(variables: Variables): boolean {
  const https = variables.get('HTTPS') ?? ''
  if (https !== '') return https.toLowerCase() !== 'off'
  return (variables.get('REQUEST_SCHEME') ?? variables.get('UWSGI_SCHEME')) === 'https'
}

/** Empty for what is no IP address, such as `unix:` of nginx. */
function readAddress(text = ''): string {
  return /^[\da-f.:]+(?:%\w+)?$/i.test(text) ? text : ''
}

function readPort(text = ''): string {
  return /^\d{1,5}$/.test(text) ? text : ''
}
