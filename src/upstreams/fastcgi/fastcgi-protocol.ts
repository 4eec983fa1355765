import { formatBegin, Role } from '../../wire/fastcgi/bodies.ts'
import {
  formatRecord,
  RECORD_HEADER_BYTES,
  RecordType,
  writeRecordHeader,
} from '../../wire/fastcgi/records.ts'
import type { WireProtocol } from '../connections/wire-protocol.ts'
import { FastCgiPairs, type FastCgiSettings } from './fastcgi-pairs.ts'
import { FastCgiReader, REQUEST_ID } from './fastcgi-reader.ts'

const ROLES = {
  responder: Role.RESPONDER,
  authorizer: Role.AUTHORIZER,
  filter: Role.FILTER,
} as const

/** FastCGI 1.0 in the role of the web server, one request at a time on a kept connection. */
export function createFastCgiProtocol(settings: FastCgiSettings): WireProtocol {
  return {
    ...createRequestProtocol(new FastCgiPairs(settings), REQUEST_ID),
    keeps: true,
    halfCloses: false,
    nph: false,
    createReader: (sink) => new FastCgiReader(sink),
  }
}

/** How requests with an id are written. */
export function createRequestProtocol(
  pairs: FastCgiPairs,
  id: number,
): Pick<WireProtocol, 'abortion' | 'bodyEnd' | 'encodeHead' | 'encodePiece' | 'file'> {
  const body = formatBegin({ role: ROLES[pairs.role], keepsConnection: true })
  const begin = formatRecord(RecordType.BEGIN_REQUEST, id, body)
  const paramsEnd = formatRecord(RecordType.PARAMS, id)
  const bodyEnd = formatRecord(RecordType.STDIN, id)
  const paramsAndBodyEnd = Buffer.concat([paramsEnd, bodyEnd])
  return {
    abortion: formatRecord(RecordType.ABORT_REQUEST, id),
    bodyEnd,
    encodeHead(request) {
      const isWhole = request.body.length === 0 && pairs.hasInput
      const end = isWhole ? paramsAndBodyEnd : paramsEnd
      const repeated = isWhole ? pairs.formatRepeated(request) : undefined
      if (repeated !== undefined) return joinRecord(id, repeated, { begin, end })
      const params = pairs
        .format(request)
        .map((piece) => formatRecord(RecordType.PARAMS, id, piece))
      return Buffer.concat([begin, ...params, end])
    },
    encodePiece: (piece) => [formatRecord(RecordType.STDIN, id, piece)],
    file: pairs.role === 'filter' ? createFileFraming(id) : undefined,
  }
}

function createFileFraming(id: number): WireProtocol['file'] {
  return {
    encodePiece: (piece) => [formatRecord(RecordType.DATA, id, piece)],
    bodyEnd: formatRecord(RecordType.DATA, id),
  }
}

/** A record of variables in two parts, between what comes before and after it. */
function joinRecord(
  id: number,
  [common, target]: readonly [Uint8Array, Uint8Array],
  { begin, end }: { readonly begin: Uint8Array; readonly end: Uint8Array },
): Uint8Array {
  const from = begin.length + RECORD_HEADER_BYTES
  const length = common.length + target.length
  const bytes = Buffer.allocUnsafe(from + length + end.length)
  bytes.set(begin, 0)
  writeRecordHeader(bytes, begin.length, { type: RecordType.PARAMS, id, length })
  bytes.set(common, from)
  bytes.set(target, from + common.length)
  bytes.set(end, from + length)
  return bytes
}
