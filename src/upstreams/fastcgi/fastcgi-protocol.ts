import { formatBegin, Role } from '../../wire/fastcgi/bodies.ts'
import { dividePairs, type Pairs } from '../../wire/fastcgi/pairs.ts'
import { formatRecord, RECORD_CONTENT_LIMIT, RecordType } from '../../wire/fastcgi/records.ts'
import type { WireProtocol } from '../connections/wire-protocol.ts'
import { listVariables, type VariableSettings } from '../variables/list-variables.ts'
import { FastCgiReader, REQUEST_ID } from './fastcgi-reader.ts'

/** What an application does for a request (FastCGI 1.0, 6). */
export type FastCgiRole = 'responder' | 'authorizer' | 'filter'

/** Settings of an application. */
export interface FastCgiSettings extends VariableSettings {
  readonly role: FastCgiRole
}

const ROLES = {
  responder: Role.RESPONDER,
  authorizer: Role.AUTHORIZER,
  filter: Role.FILTER,
} as const
const PARAMS_END = formatRecord(RecordType.PARAMS, REQUEST_ID)
const STDIN_END = formatRecord(RecordType.STDIN, REQUEST_ID)
const ABORT = formatRecord(RecordType.ABORT_REQUEST, REQUEST_ID)

/** FastCGI 1.0 in the role of the web server, one request at a time on a kept connection. */
export function createFastCgiProtocol(settings: FastCgiSettings): WireProtocol {
  const { role } = settings
  const begin = formatRecord(
    RecordType.BEGIN_REQUEST,
    REQUEST_ID,
    formatBegin({ role: ROLES[role], keepsConnection: true }),
  )
  return {
    keeps: true,
    halfCloses: false,
    nph: false,
    abortion: ABORT,
    bodyEnd: STDIN_END,
    encodeHead(request) {
      const variables = listVariables(request, settings)
      const pairs = role === 'authorizer' ? withoutUntold(variables) : variables
      const params = dividePairs(pairs, RECORD_CONTENT_LIMIT).map((piece) =>
        formatRecord(RecordType.PARAMS, REQUEST_ID, piece),
      )
      // An authorizer has no input (FastCGI 1.0, 6.3).
      const end = request.body.length === 0 && role !== 'authorizer' ? [STDIN_END] : []
      return Buffer.concat([begin, ...params, PARAMS_END, ...end])
    },
    encodePiece: (piece) => [formatRecord(RecordType.STDIN, REQUEST_ID, piece)],
    createReader: (sink) => new FastCgiReader(sink),
  }
}

// What an authorizer is not told (FastCGI 1.0, 6.3).
const UNTOLD = new Set(['CONTENT_LENGTH', 'PATH_INFO', 'PATH_TRANSLATED', 'SCRIPT_NAME'])

function withoutUntold(pairs: Pairs): Pairs {
  return pairs.filter((_, at) => !UNTOLD.has(pairs[at - (at % 2)] ?? ''))
}
