import type { Protocol } from '../streams/listening/addresses.ts'
import type { FrontProtocol } from './listening/front-protocol.ts'
import type { OpenConnections } from './listening/open-connections.ts'
import type { FrontPartOptions } from './options.ts'

/** What a front needs of a protocol. */
export interface ProtocolModule {
  /** Makes it for a front that has these connections. */
  create(options: FrontPartOptions, connections: OpenConnections): FrontProtocol
  /** The answer 503 with a text, latin-1, for those who are not asked what they want. */
  formatUnavailable(text: string, serverSoftware: string): string
}

/** Loads the modules of a protocol; only those that somebody speaks are loaded. */
export function loadProtocol(protocol: Protocol = 'http'): Promise<ProtocolModule> {
  return LOADERS[protocol]()
}

const LOADERS: Readonly<Record<Protocol, () => Promise<ProtocolModule>>> = {
  http: async () => (await import('./http1/http1-protocol.ts')).HTTP1,
  fastcgi: async () => (await import('./fastcgi/fastcgi-protocol.ts')).FASTCGI,
  scgi: async () => (await import('./scgi/scgi-protocol.ts')).SCGI,
  uwsgi: async () => (await import('./uwsgi/uwsgi-protocol.ts')).UWSGI,
}
