import type { ErrorCode } from '../../core/errors.ts'
import { TaipanError } from '../../core/errors.ts'

/** What an application does for a request (FastCGI 1.0, 6). */
export const Role = { RESPONDER: 1, AUTHORIZER: 2, FILTER: 3 } as const

/** How a request ended (FastCGI 1.0, 5.5). */
export const ProtocolStatus = {
  COMPLETE: 0,
  CANNOT_MULTIPLEX: 1,
  OVERLOADED: 2,
  UNKNOWN_ROLE: 3,
} as const

/** Content of BEGIN_REQUEST. */
export interface BeginBody {
  /** One of `Role`, or a number that nobody knows. */
  readonly role: number
  /** The client closes the connection, not the application. */
  readonly keepsConnection: boolean
}

/** Content of END_REQUEST. */
export interface EndBody {
  /** Exit status of the application, unsigned. */
  readonly appStatus: number
  /** One of `ProtocolStatus`, or a number that nobody knows. */
  readonly protocolStatus: number
}

const BODY_BYTES = 8
const KEEP_CONN = 1

/** The content of BEGIN_REQUEST. */
export function formatBegin({ role, keepsConnection }: BeginBody): Buffer {
  const body = Buffer.alloc(BODY_BYTES)
  body.writeUInt16BE(role, 0)
  body.writeUInt8(keepsConnection ? KEEP_CONN : 0, 2)
  return body
}

/** Throws an error of `code` for a body that is too short. */
export function parseBegin(body: Buffer, code: ErrorCode): BeginBody {
  checkLength(body, 'BEGIN_REQUEST', code)
  return { role: body.readUInt16BE(0), keepsConnection: (body.readUInt8(2) & KEEP_CONN) !== 0 }
}

/** The content of END_REQUEST. */
export function formatEnd({ appStatus, protocolStatus }: EndBody): Buffer {
  const body = Buffer.alloc(BODY_BYTES)
  body.writeUInt32BE(appStatus, 0)
  body.writeUInt8(protocolStatus, 4)
  return body
}

/** Throws an error of `code` for a body that is too short. */
export function parseEnd(body: Buffer, code: ErrorCode): EndBody {
  checkLength(body, 'END_REQUEST', code)
  return { appStatus: body.readUInt32BE(0), protocolStatus: body.readUInt8(4) }
}

/** The content of UNKNOWN_TYPE, the answer to a management record of a type that nobody knows. */
export function formatUnknownType(type: number): Buffer {
  const body = Buffer.alloc(BODY_BYTES)
  body.writeUInt8(type, 0)
  return body
}

function checkLength(body: Buffer, record: string, code: ErrorCode): void {
  if (body.length < BODY_BYTES)
    throw new TaipanError(
      code,
      `a FastCGI ${record} has ${body.length} bytes of content; it has ${BODY_BYTES}`,
    )
}
