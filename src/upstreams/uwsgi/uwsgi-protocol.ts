import { formatPacket, Modifier } from '../../wire/uwsgi/packet.ts'
import type { WireProtocol } from '../connections/wire-protocol.ts'
import { PlainReader } from '../connections/plain-reader.ts'
import { listVariables, type VariableSettings } from '../variables/list-variables.ts'

/** The uwsgi protocol: one request on a connection, whose end is that of the answer, which is one of HTTP. */
export function createUwsgiProtocol(settings: VariableSettings): WireProtocol {
  return {
    keeps: false,
    halfCloses: false,
    nph: true,
    abortion: undefined,
    bodyEnd: undefined,
    encodeHead: (request) => formatPacket(listVariables(request, settings), Modifier.WSGI),
    encodePiece: (piece) => [piece],
    createReader: (sink) => new PlainReader(sink),
  }
}
