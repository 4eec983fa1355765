import { formatScgiHead } from '../../wire/scgi/request.ts'
import type { WireProtocol } from '../connections/wire-protocol.ts'
import { PlainReader } from '../connections/plain-reader.ts'
import { listVariables, type VariableSettings } from '../variables/list-variables.ts'

/** SCGI: one request on a connection, whose end is that of the answer. */
export function createScgiProtocol(settings: VariableSettings): WireProtocol {
  return {
    keeps: false,
    // Some servers read the body up to the end of the stream.
    halfCloses: true,
    nph: false,
    abortion: undefined,
    bodyEnd: undefined,
    encodeHead: (request) =>
      formatScgiHead(listVariables(request, settings), request.body.length ?? 0),
    encodePiece: (piece) => [piece],
    createReader: (sink) => new PlainReader(sink),
  }
}
