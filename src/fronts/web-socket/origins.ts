import { TaipanError } from '../../core/errors.ts'
import { trimOws } from '../../core/ows.ts'
import type { RequestHead } from '../../core/exchange.ts'

/** Origins whose pages may open WebSockets. */
export class Origins {
  readonly #allowed: ReadonlySet<string>

  /** An empty list allows every page. */
  constructor(allowed: readonly string[]) {
    this.#allowed = new Set(allowed.map(normalizeOrigin))
  }

  /** Throws if the page may not. Clients other than browsers send no Origin and are always allowed. */
  validate({ fields }: RequestHead): void {
    if (this.#allowed.size === 0) return
    for (let i = 0; i + 1 < fields.length; i += 2) {
      if (fields[i]?.toLowerCase() !== 'origin') continue
      if (!this.#allowed.has(normalizeOrigin(fields[i + 1] ?? '')))
        throw new TaipanError('ORIGIN_DENIED', 'pages of this origin may not open WebSockets here')
    }
  }
}

/** In lower case, without the default port of the scheme. */
function normalizeOrigin(origin: string): string {
  const lower = trimOws(origin).toLowerCase()
  const url = URL.canParse(lower) ? new URL(lower) : undefined
  // For unknown schemes URL gives the origin `null`, as pages without an origin send.
  return url === undefined || url.origin === 'null' ? lower.replace(/\/$/, '') : url.origin
}
