import { formatBegin, Role } from '../../wire/fastcgi/bodies.ts'
import { dividePairs, formatPairs, type Pairs } from '../../wire/fastcgi/pairs.ts'
import {
  formatRecord,
  RECORD_CONTENT_LIMIT,
  RECORD_HEADER_BYTES,
  RecordType,
  writeRecordHeader,
} from '../../wire/fastcgi/records.ts'
import { RepeatedHeads } from '../../wire/repeated-heads.ts'
import type { WireProtocol } from '../connections/wire-protocol.ts'
import {
  listCommonVariables,
  listTargetVariables,
  listVariables,
  type VariableSettings,
} from '../variables/list-variables.ts'
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
const PARAMS_AND_STDIN_END = Buffer.concat([PARAMS_END, STDIN_END])
const ABORT = formatRecord(RecordType.ABORT_REQUEST, REQUEST_ID)

/** FastCGI 1.0 in the role of the web server, one request at a time on a kept connection. */
export function createFastCgiProtocol(settings: FastCgiSettings): WireProtocol {
  const { role } = settings
  const begin = formatRecord(
    RecordType.BEGIN_REQUEST,
    REQUEST_ID,
    formatBegin({ role: ROLES[role], keepsConnection: true }),
  )
  const heads = new RepeatedHeads((exchange, invocation) =>
    formatPairs(listCommonVariables({ exchange, invocation }, settings)),
  )
  const hasInput = role !== 'authorizer'
  return {
    keeps: true,
    halfCloses: false,
    nph: false,
    abortion: ABORT,
    bodyEnd: STDIN_END,
    encodeHead(request) {
      const isEmpty = request.body.length === 0
      // An authorizer has no input (FastCGI 1.0, 6.3).
      const end = isEmpty && hasInput ? PARAMS_AND_STDIN_END : PARAMS_END
      const common =
        isEmpty && hasInput ? heads.encode(request.exchange, request.invocation) : undefined
      if (common !== undefined) {
        const target = formatPairs(listTargetVariables(request, settings))
        if (common.length + target.length <= RECORD_CONTENT_LIMIT)
          return joinRecord(begin, [common, target], end)
      }
      const variables = listVariables(request, settings)
      const pairs = hasInput ? variables : withoutUntold(variables)
      const params = dividePairs(pairs, RECORD_CONTENT_LIMIT).map((piece) =>
        formatRecord(RecordType.PARAMS, REQUEST_ID, piece),
      )
      return Buffer.concat([begin, ...params, end])
    },
    encodePiece: (piece) => [formatRecord(RecordType.STDIN, REQUEST_ID, piece)],
    createReader: (sink) => new FastCgiReader(sink),
  }
}

/** One record of PARAMS with these pairs, between what comes before and after it. */
function joinRecord(
  before: Uint8Array,
  [common, target]: readonly [Uint8Array, Uint8Array],
  after: Uint8Array,
): Uint8Array {
  const from = before.length + RECORD_HEADER_BYTES
  const length = common.length + target.length
  const bytes = Buffer.allocUnsafe(from + length + after.length)
  bytes.set(before, 0)
  writeRecordHeader(bytes, before.length, { type: RecordType.PARAMS, id: REQUEST_ID, length })
  bytes.set(common, from)
  bytes.set(target, from + common.length)
  bytes.set(after, from + length)
  return bytes
}

// What an authorizer is not told (FastCGI 1.0, 6.3).
const UNTOLD = new Set(['CONTENT_LENGTH', 'PATH_INFO', 'PATH_TRANSLATED', 'SCRIPT_NAME'])

function withoutUntold(pairs: Pairs): Pairs {
  return pairs.filter((_, at) => !UNTOLD.has(pairs[at - (at % 2)] ?? ''))
}
