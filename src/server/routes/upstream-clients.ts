import type { Exchange } from '../../core/exchange.ts'
import type { Logger } from '../../core/logger.ts'
import type { AddressClient } from '../../upstreams/gateway/address-client.ts'
import type { Protocol, UpstreamAddress } from '../../upstreams/gateway/upstream-address.ts'
import type { FastCgiSettings } from '../../upstreams/fastcgi/fastcgi-pairs.ts'
import type { NamedFile } from '../../upstreams/responses/named-file.ts'
import type { UpstreamConfig } from './upstream-options.ts'
import type { WireProtocol } from '../../upstreams/connections/wire-protocol.ts'

/** The same for all addresses of an upstream. */
export interface ClientSettings extends FastCgiSettings {
  /** To each address at the same time. */
  readonly connections: number
  readonly multiplex: UpstreamConfig['multiplex']
  readonly http: UpstreamConfig['http']
  readonly logger: Logger
  /** Follows a redirect within the server. */
  readonly onLocalRedirect: (exchange: Exchange, target: string) => void
  /** Sends a file that an answer names; undefined: the client gets its name. */
  readonly onNamedFile: ((exchange: Exchange, file: NamedFile) => void) | undefined
}

/** Makes the client of an address. */
export type CreateClient = (address: UpstreamAddress, settings: ClientSettings) => AddressClient

/** What speaks the protocols; only what a plan needs is loaded. */
export const CLIENTS: Readonly<Record<Protocol, () => Promise<CreateClient>>> = {
  fastcgi: async () => {
    const { createFastCgiProtocol } = await import('../../upstreams/fastcgi/fastcgi-protocol.ts')
    const createSingle = await overConnections(createFastCgiProtocol)
    const { MultiplexClient } =
      await import('../../upstreams/fastcgi/multiplex/multiplex-client.ts')
    return (address, settings) => {
      const single = createSingle(address, settings)
      return settings.multiplex === 'auto'
        ? new MultiplexClient({ ...settings, address, settings, single })
        : single
    }
  },
  scgi: async () =>
    await overConnections(
      (await import('../../upstreams/scgi/scgi-protocol.ts')).createScgiProtocol,
    ),
  uwsgi: async () =>
    await overConnections(
      (await import('../../upstreams/uwsgi/uwsgi-protocol.ts')).createUwsgiProtocol,
    ),
  http: async () => (await import('./http-client.ts')).createHttpClient,
  https: async () => (await import('./http-client.ts')).createHttpClient,
}

/** The client of a protocol that has one request at a time on a connection. */
async function overConnections(
  createProtocol: (settings: FastCgiSettings) => WireProtocol,
): Promise<CreateClient> {
  const { ConnectionClient } = await import('../../upstreams/connections/connection-client.ts')
  return (address, settings) =>
    new ConnectionClient({ ...settings, address, protocol: createProtocol(settings) })
}
