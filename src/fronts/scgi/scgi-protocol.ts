import { formatCgiHead } from '../../wire/cgi-head.ts'
import { ScgiHeadDecoder } from '../../wire/scgi/request.ts'
import { createOneRequestModule } from '../doors/one-request-protocol.ts'

/** SCGI: one request for each connection, answered as by a CGI program. */
export const SCGI = createOneRequestModule({
  formatHead: formatCgiHead,
  createDecoder: (variableBytes) => new ScgiHeadDecoder(variableBytes, 'REQUEST_MALFORMED'),
})
