import { openRaw, type Address } from '../../support/raw-client.ts'

/** How a request is sent whose answer ends with its connection. */
export interface OnceOptions {
  /** Closes the sending side after the request. */
  readonly halfCloses?: boolean
}

/** Sends bytes, and returns what came until the peer closed its connection. */
export async function askOnce(
  address: Address,
  bytes: Uint8Array,
  { halfCloses = false }: OnceOptions = {},
): Promise<string> {
  using connection = await openRaw(address)
  await connection.sendAll(bytes)
  if (halfCloses) connection.finishSending()
  await connection.waitForEnd()
  return connection.rest.toString('latin1')
}
