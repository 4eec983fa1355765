import { TaipanError } from '../../core/errors.ts'
import { parseEnd, ProtocolStatus } from '../../wire/fastcgi/bodies.ts'
import { RecordType } from '../../wire/fastcgi/records.ts'
import type { AnswerSink } from '../connections/wire-protocol.ts'

/** Tells a sink what the records about one request say. Those of unknown types are skipped. */
export function readAnswerRecord(type: number, content: Buffer, sink: AnswerSink): void {
  if (type === RecordType.STDOUT) {
    if (content.length > 0) sink.onOutput(content)
  } else if (type === RecordType.STDERR) {
    if (content.length > 0) sink.onErrors(content)
  } else if (type === RecordType.END_REQUEST) readEnd(content, sink)
}

function readEnd(content: Buffer, sink: AnswerSink): void {
  const { protocolStatus } = parseEnd(content, 'UPSTREAM_FAILED')
  if (protocolStatus === ProtocolStatus.COMPLETE) sink.onComplete()
  else {
    const begun = protocolStatus === ProtocolStatus.UNKNOWN_ROLE ? 'yes' : 'never'
    sink.onRefused(describeRefusal(protocolStatus), begun)
  }
}

function describeRefusal(status: number): TaipanError {
  switch (status) {
    case ProtocolStatus.CANNOT_MULTIPLEX:
      return new TaipanError('OVERLOADED', 'takes one request only on a connection')
    case ProtocolStatus.OVERLOADED:
      return new TaipanError('OVERLOADED', 'says that it is overloaded')
    case ProtocolStatus.UNKNOWN_ROLE:
      return new TaipanError('APPLICATION_FAILED', 'does not know the role of the request')
    default:
      return new TaipanError('UPSTREAM_FAILED', `ended with the unknown protocolStatus ${status}`)
  }
}
