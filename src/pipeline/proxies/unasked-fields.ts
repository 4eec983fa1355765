import type { Exchange } from '../../core/exchange.ts'
import type { Logger } from '../../core/logger.ts'
import { findProxyHeader, type ProxyHeader } from './header-names.ts'

/** `F` and `X` in either case: no other name begins like one that proxies write. */
const FIRST = new Set([0x46, 0x58, 0x66, 0x78])

/** Tells once that a field came by which a proxy would tell something, from somebody who is not believed. */
export class UnaskedFields {
  /** There is nothing more to tell. */
  told = false
  readonly #logger: Logger

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** Looks at the fields of a request whose peer is not trusted. */
  look({ request: { fields }, connection }: Exchange): void {
    for (let at = 0; at < fields.length; at += 2) {
      const name = fields[at] ?? ''
      if (!FIRST.has(name.charCodeAt(0))) continue
      const header = findProxyHeader(name)
      // Clients may number their own requests.
      if (header !== undefined && header !== 'X-Request-Id') {
        this.#tell(header, connection.remoteAddress)
        return
      }
    }
  }

  #tell(header: ProxyHeader, client: string): void {
    this.told = true
    const peer = client === '' ? 'a Unix socket' : client
    const rule = client === '' ? 'unix' : client
    this.#logger.info(
      { client },
      `${header} came from ${peer}, and is not believed: nobody there is trusted; if that is your proxy, name it: --trust-proxy ${rule} (this is told once)`,
    )
  }
}
