import type { Exchange, Handler, RequestHead } from '../../core/exchange.ts'
import { withoutFields } from '../../core/field-block.ts'
import type { Logger } from '../../core/logger.ts'
import { createResponseHead, type ResponseHead } from '../../core/response-head.ts'
import { PageListeners } from './listeners.ts'
import { adaptPage, revalidated, type PageParts } from './page-head.ts'
import { EVENTS_PATH, PAGE_SCRIPT, SCRIPT_PATH } from './page-script.ts'
import { ChangedExchange } from '../changed-exchange.ts'
import { readField } from '../field-values.ts'
import { RefreshedResponse } from './refreshed-response.ts'

const CODINGS = new Set(['accept-encoding'])
const PAGES = new Set(['document', 'iframe', 'frame'])
const NO_FILES = new Set(['empty', 'websocket', ''])

/** Lets the pages in browsers load again after a change: each gets a script that listens for another version. */
export class PageRefresh {
  readonly #logger: Logger
  readonly #listeners = new PageListeners()
  readonly #told = new Set<string>()
  #given: string
  #changes = 0

  /** `version` is that of the pages that come first: letters, digits and dots. */
  constructor(logger: Logger, version: string) {
    this.#logger = logger
    this.#given = version
  }

  /** Open pages that listen. */
  get listening(): number {
    return this.#listeners.size
  }

  /** Answers what the script asks, and leaves the rest to the handler. */
  wrap(handler: Handler): Handler {
    return (exchange) => {
      const { method, path } = exchange.request
      if (method !== 'GET') handler(exchange)
      else if (path.endsWith(EVENTS_PATH)) this.#listeners.add(exchange, this.#version)
      else if (path.endsWith(SCRIPT_PATH)) sendScript(exchange)
      else handler(this.#follow(exchange))
    }
  }

  /** Lets all pages load again; `version` is a new one of its own by default. */
  refresh(version?: string): void {
    this.#changes = version === undefined ? this.#changes + 1 : 0
    this.#given = version ?? this.#given
    this.#listeners.tell(this.#version)
  }

  /** Ends the connections of open pages, which connect to the next server then. */
  close(): void {
    this.#listeners.close()
  }

  get #version(): string {
    return this.#changes === 0 ? this.#given : `${this.#given}.${this.#changes}`
  }

  /** Browsers say what they ask for, to this machine and by HTTPS. */
  #follow(exchange: Exchange): Exchange {
    const destination = readField(exchange.request.fields, 'sec-fetch-dest') ?? ''
    if (!PAGES.has(destination)) {
      if (NO_FILES.has(destination)) return exchange
      return adapt(exchange, (head) => ({ head: revalidated(head), tail: '' }))
    }
    // What is made from now on may be newer, but never older.
    const version = this.#version
    const onLeft = (reason: string): void => this.#tellLeft(exchange.request.path, reason)
    // A script cannot be put behind a compressed page.
    const plain = new ChangedExchange(exchange, { request: refuseCodings(exchange.request) })
    return adapt(plain, (head, isWhole) => adaptPage(head, { version, isWhole, onLeft }))
  }

  #tellLeft(path: string, reason: string): void {
    if (this.#told.has(reason)) return
    this.#told.add(reason)
    this.#logger.info(
      { path, reason },
      `${path} does not load itself again after changes: ${reason}`,
    )
  }
}

function adapt(
  exchange: Exchange,
  change: (head: ResponseHead, isWhole: boolean) => PageParts,
): Exchange {
  const response = new RefreshedResponse(exchange.response, change)
  return new ChangedExchange(exchange, { response })
}

/** The same request without `Accept-Encoding`. */
function refuseCodings(request: RequestHead): RequestHead {
  return { ...request, fields: withoutFields(request.fields, CODINGS) }
}

function sendScript({ response }: Exchange): void {
  const head = createResponseHead(200, [
    'Content-Type',
    'text/javascript',
    'Content-Length',
    String(PAGE_SCRIPT.length),
    'Cache-Control',
    'no-cache',
  ])
  response.send(head, PAGE_SCRIPT)
}
