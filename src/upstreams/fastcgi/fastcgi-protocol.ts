import { formatBegin, Role } from '../../wire/fastcgi/bodies.ts'
import { dividePairs } from '../../wire/fastcgi/pairs.ts'
import { formatRecord, RECORD_CONTENT_LIMIT, RecordType } from '../../wire/fastcgi/records.ts'
import type { WireProtocol } from '../connections/wire-protocol.ts'
import { listVariables, type VariableSettings } from '../variables/list-variables.ts'
import { FastCgiReader, REQUEST_ID } from './fastcgi-reader.ts'

const BEGIN = formatRecord(
  RecordType.BEGIN_REQUEST,
  REQUEST_ID,
  formatBegin({ role: Role.RESPONDER, keepsConnection: true }),
)
const PARAMS_END = formatRecord(RecordType.PARAMS, REQUEST_ID)
const STDIN_END = formatRecord(RecordType.STDIN, REQUEST_ID)
const ABORT = formatRecord(RecordType.ABORT_REQUEST, REQUEST_ID)

/** FastCGI 1.0 in the role of the web server, one request at a time on a kept connection. */
export function createFastCgiProtocol(settings: VariableSettings): WireProtocol {
  return {
    keeps: true,
    halfCloses: false,
    nph: false,
    abortion: ABORT,
    bodyEnd: STDIN_END,
    encodeHead(request) {
      const pairs = listVariables(request, settings)
      const params = dividePairs(pairs, RECORD_CONTENT_LIMIT).map((piece) =>
        formatRecord(RecordType.PARAMS, REQUEST_ID, piece),
      )
      const end = request.body.length === 0 ? [STDIN_END] : []
      return Buffer.concat([BEGIN, ...params, PARAMS_END, ...end])
    },
    encodePiece: (piece) => [formatRecord(RecordType.STDIN, REQUEST_ID, piece)],
    createReader: (sink) => new FastCgiReader(sink),
  }
}
