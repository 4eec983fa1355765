import { TaipanError } from '../../core/errors.ts'

/** CGI variables of a request by name, as a front server sends them. */
export type Variables = ReadonlyMap<string, string>

/** Fields of the request by name, in lower case and in the order of their arrival; repeated ones are joined. */
export type Fields = ReadonlyMap<string, string>

/** The variables of a request, divided into what its client has sent as fields and what the front server says. */
export interface DividedVariables {
  readonly variables: Variables
  readonly fields: Fields
}

const FIELD_PREFIX = 'HTTP_'
/** Variables of their own, which some servers send as fields, too; or the framing of another connection. */
const NO_FIELDS = new Set(['content-type', 'content-length', 'transfer-encoding'])

/**
 * Divides names and values in turn. Where a variable is there twice, the later one holds, as in configurations that include
 * one; fields are joined, because nginx sends a repeated field as a repeated variable. Throws for two lengths of a body.
 */
export function divideVariables(pairs: readonly string[]): DividedVariables {
  const variables = new Map<string, string>()
  const fields = new Map<string, string>()
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    const name = pairs[at] ?? ''
    const value = pairs[at + 1] ?? ''
    if (name.startsWith(FIELD_PREFIX)) addField(fields, name, value)
    else {
      if (name === 'CONTENT_LENGTH') checkLength(variables.get(name), value)
      variables.set(name, value)
    }
  }
  return { variables, fields }
}

function addField(fields: Map<string, string>, variable: string, value: string): void {
  const name = variable.slice(FIELD_PREFIX.length).replaceAll('_', '-').toLowerCase()
  if (NO_FIELDS.has(name)) return
  // Only a configuration names it twice: servers refuse clients that do.
  const before = name === 'host' ? undefined : fields.get(name)
  const separator = name === 'cookie' ? '; ' : ', '
  fields.set(name, before === undefined ? value : before + separator + value)
}

function checkLength(before: string | undefined, value: string): void {
  if (before !== undefined && before !== value)
    throw new TaipanError('REQUEST_MALFORMED', 'CONTENT_LENGTH is given twice')
}
