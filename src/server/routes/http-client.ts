import { readFileSync } from 'node:fs'
import type { ConnectPlace, TlsSettings } from '../../streams/net/net-connector.ts'
import type { UpstreamAddress } from '../../upstreams/gateway/upstream-address.ts'
import { HttpClient } from '../../upstreams/http/http-client.ts'
import type { ClientSettings } from './upstream-clients.ts'

/** Makes the client of an address that speaks HTTP. Throws if the file of certificates cannot be read. */
export function createHttpClient(
  { protocol, place }: UpstreamAddress,
  { connections, http, onNamedFile }: ClientSettings,
): HttpClient {
  return new HttpClient({
    origin: {
      url: `${protocol}://${formatAuthority(place)}`,
      place,
      tls: protocol === 'https' ? createTls(place, http) : undefined,
    },
    connections,
    host: http.host,
    rewriting: { location: http.rewriteLocation, cookies: http.rewriteCookies },
    onNamedFile,
  })
}

/** As in URLs, which have no zones of addresses. */
function formatAuthority(place: ConnectPlace): string {
  if (place.kind === 'unix') return 'localhost'
  const host = place.host.replace(/%.*$/, '')
  return `${host.includes(':') ? `[${host}]` : host}:${place.port}`
}

function createTls(place: ConnectPlace, { ca, insecure }: ClientSettings['http']): TlsSettings {
  const host = place.kind === 'tcp' ? place.host : 'localhost'
  return { serverName: host, ca: ca === undefined ? undefined : readFileSync(ca, 'utf8'), insecure }
}
