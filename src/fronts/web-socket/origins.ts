import { TaipanError } from '../../core/errors.ts'
import { trimOws } from '../../core/ows.ts'
import type { RequestHead } from '../../core/exchange.ts'

/** The origins whose pages may open WebSockets. */
export class Origins {
  readonly #allowed: ReadonlySet<string>

  /** Empty `allowed` permits every page. */
  constructor(allowed: readonly string[]) {
    this.#allowed = new Set(allowed.map(normalizeOrigin))
  }

  /** Throws for a page that may not. Clients that are no browsers send no Origin, and are not stopped by this. */
  validate({ fields }: RequestHead): void {
    if (this.#allowed.size === 0) return
    for (let i = 0; i + 1 < fields.length; i += 2) {
      if (fields[i]?.toLowerCase() !== 'origin') continue
      if (!this.#allowed.has(normalizeOrigin(fields[i + 1] ?? '')))
        throw new TaipanError('ORIGIN_DENIED', 'pages of this origin may not open WebSockets here')
    }
  }
}

/** Lower case, and without the port that the scheme has anyway. */
function normalizeOrigin(origin: string): string {
  const lower = trimOws(origin).toLowerCase()
  const url = URL.canParse(lower) ? new URL(lower) : undefined
  // Schemes that URL does not know have the origin `null`, as pages without one have.
  return url === undefined || url.origin === 'null' ? lower.replace(/\/$/, '') : url.origin
}
