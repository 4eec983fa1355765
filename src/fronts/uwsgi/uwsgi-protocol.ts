import { TaipanError } from '../../core/errors.ts'
import { formatStatusLineHead } from '../../wire/cgi-head.ts'
import { PacketDecoder } from '../../wire/uwsgi/packet.ts'
import type { DecodedHead, HeadDecoder } from '../doors/one-request-connection.ts'
import { createOneRequestModule } from '../doors/one-request-protocol.ts'
import { cutScriptName } from './script-name.ts'

/** uwsgi: one request for each connection, answered with a status line. */
export const UWSGI = createOneRequestModule({
  formatHead: formatStatusLineHead,
  createDecoder: () => new UwsgiHeadDecoder(),
})

/** `modifier1` of requests for Python, and of those whose PATH_INFO begins with SCRIPT_NAME. */
const PYTHON = 0
const PYTHON_MOUNTED = 30

class UwsgiHeadDecoder implements HeadDecoder {
  readonly #packet = new PacketDecoder('REQUEST_MALFORMED')

  push(chunk: Buffer): DecodedHead | undefined {
    const packet = this.#packet.push(chunk)
    if (packet === undefined) return undefined
    const { modifier, variables, rest } = packet
    if (modifier === PYTHON) return { variables, rest }
    if (modifier === PYTHON_MOUNTED) return { variables: cutScriptName(variables), rest }
    throw new TaipanError(
      'NOT_IMPLEMENTED',
      `the uwsgi modifier is ${modifier}; requests for Python have 0 or 30`,
    )
  }
}
