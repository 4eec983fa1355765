import type { FieldPairs } from '../../core/field-block.ts'

/** What is changed in the fields of a response. */
export interface Rewriting {
  /** Location and Content-Location: what is on the upstream becomes what is below the route. */
  readonly location: boolean
  /** Path of Set-Cookie. */
  readonly cookies: boolean
}

/** What a response is about. */
export interface RewriteContext {
  /** Scheme and authority of the upstream itself, such as `http://127.0.0.1:3000`. */
  readonly origin: string
  /** What was cut from the path of the request. */
  readonly prefix: string
}

/** Changes fields of a response so that they are right for the client. */
export function rewriteFields(
  fields: FieldPairs,
  { location, cookies }: Rewriting,
  context: RewriteContext,
): FieldPairs {
  return fields.map((value, at) => {
    if (at % 2 === 0) return value
    const name = (fields[at - 1] ?? '').toLowerCase()
    if (location && (name === 'location' || name === 'content-location'))
      return rewriteLocation(value, context)
    return cookies && name === 'set-cookie' ? rewriteCookie(value, context) : value
  })
}

function rewriteLocation(value: string, { origin, prefix }: RewriteContext): string {
  if (value.startsWith('/')) return value.startsWith('//') ? value : prefix + value
  const url = URL.canParse(value) ? new URL(value) : undefined
  return url?.origin === origin ? `${prefix}${url.pathname}${url.search}${url.hash}` : value
}

const COOKIE_PATH = /(;[\t ]*path[\t ]*=[\t ]*)(\/[^;]*)/i

function rewriteCookie(value: string, { prefix }: RewriteContext): string {
  return value.replace(
    COOKIE_PATH,
    (_, start: string, path: string) =>
      `${start}${prefix}${path === '/' && prefix !== '' ? '' : path}`,
  )
}
