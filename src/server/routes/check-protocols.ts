import type { Protocol } from '../../upstreams/gateway/upstream-address.ts'
import type { OptionPath, Problems } from '../option-types/problems.ts'
import type { UpstreamConfig } from './upstream-options.ts'

/** Where errors are told. */
export interface CheckContext {
  readonly where: OptionPath
  readonly problems: Problems
}

/** Whether addresses of a protocol speak HTTP. */
export function isHttp(protocol: Protocol): boolean {
  return protocol === 'http' || protocol === 'https'
}

/** Tells which options of an upstream its protocols do not know. */
export function checkProtocols(
  protocols: readonly Protocol[],
  { http, multiplex, role }: UpstreamConfig,
  { where, problems }: CheckContext,
): void {
  if (protocols.length === 0) return
  const speaksHttp = protocols.some(isHttp)
  const isFastCgi = protocols.every((protocol) => protocol === 'fastcgi')
  if (speaksHttp && !protocols.every(isHttp))
    problems.add(where, 'HTTP and other protocols do not do the same; give each a route')
  if (role === 'filter' && !isFastCgi)
    problems.add([...where, 'role'], 'is one of FastCGI; other protocols have no filters')
  if (multiplex !== false && !isFastCgi)
    problems.add(
      [...where, 'multiplex'],
      'is for FastCGI; other protocols have one request at a time on a connection',
    )
  const { host, ca, insecure, rewriteCookies, rewriteLocation } = http
  const isGiven = host !== undefined || ca !== undefined || insecure
  if (!speaksHttp && (isGiven || rewriteCookies || rewriteLocation))
    problems.add([...where, 'http'], 'is for HTTP upstreams; no address here speaks HTTP')
  if (ca !== undefined) problems.checkFile([...where, 'http', 'ca'], ca)
}
