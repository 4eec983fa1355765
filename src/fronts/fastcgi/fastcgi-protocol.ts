import type { ByteStream } from '../../core/byte-stream.ts'
import { formatCgiHead } from '../../wire/cgi-head.ts'
import { formatEnd, ProtocolStatus } from '../../wire/fastcgi/bodies.ts'
import { formatRecord, formatStream, RecordType } from '../../wire/fastcgi/records.ts'
import { DoorContext, type DoorOptions } from '../doors/door-context.ts'
import { formatUnavailable } from '../doors/refusal.ts'
import type { FrontProtocol } from '../listening/front-protocol.ts'
import type { FrontConnection } from '../listening/open-connections.ts'
import { FastCgiConnection } from './fastcgi-connection.ts'

/** FastCGI 1.0, as an application: all roles, several requests on a connection at a time. */
export const FASTCGI = {
  create: (options: DoorOptions): FrontProtocol => new FastCgiProtocol(options),
  formatUnavailable: formatUnavailableRecords,
}

class FastCgiProtocol extends DoorContext implements FrontProtocol {
  connect(stream: ByteStream): FrontConnection {
    return new FastCgiConnection(stream, this)
  }
}

/** The id that servers give to the only request of a connection. */
const USUAL_ID = 1

function formatUnavailableRecords(text: string): string {
  const body = Buffer.from(formatUnavailable(text, formatCgiHead), 'latin1')
  const end = formatEnd({ appStatus: 0, protocolStatus: ProtocolStatus.OVERLOADED })
  const records = [
    ...formatStream(RecordType.STDOUT, USUAL_ID, body),
    formatRecord(RecordType.STDOUT, USUAL_ID),
    formatRecord(RecordType.END_REQUEST, USUAL_ID, end),
  ]
  return Buffer.concat(records).toString('latin1')
}
