import { createHash } from 'node:crypto'
import type { ScriptWay } from './script-policy.ts'

// Whatever stands before these in a path is ignored, because a page knows the prefix that a proxy takes away, and the
// server does not.
const FOLDER = '_taipan/dev'

/** End of the path of the script, for pages whose policy forbids it inline. */
export const SCRIPT_PATH = `/${FOLDER}.js`
/** End of the path of the event stream that tells when to load a page again. */
export const EVENTS_PATH = `/${FOLDER}/events`

/**
 * The script of a page: loads the page again when the server tells another version than that of the page. It listens only
 * while the page is seen, because browsers allow few connections to one server, and loads once for each version, in case
 * that something between keeps old pages.
 */
export const PAGE_SCRIPT = `(() => {
const shown = document.currentScript.dataset.taipan
const address = new URL('${FOLDER}/events', location.href)
const key = 'taipan ' + location.pathname
let source
const close = () => { source?.close(); source = undefined }
const isNews = (version) => {
  if (version === shown) return false
  try {
    if (sessionStorage.getItem(key) === version) return false
    sessionStorage.setItem(key, version)
  } catch {}
  return true
}
const open = () => {
  if (source || document.visibilityState === 'hidden') return
  source = new EventSource(address)
  source.onmessage = ({ data }) => { if (isNews(data)) location.reload() }
  source.onerror = () => {
    if (source?.readyState !== EventSource.CLOSED) return
    close()
    setTimeout(open, 1000)
  }
}
addEventListener('pageshow', open)
addEventListener('pagehide', close)
document.addEventListener('visibilitychange', () => document.visibilityState === 'hidden' ? close() : open())
open()
})()
`

const SCRIPT_TAG = createHash('sha256').update(PAGE_SCRIPT).digest('base64url').slice(0, 12)

/** The element for the end of a page of this version: ASCII, so that it fits every charset but UTF-16 and UTF-32. */
export function formatPageScript(version: string, way: ScriptWay): string {
  const nonce = way.nonce === undefined ? '' : ` nonce="${way.nonce}"`
  const open = `\n<script data-taipan="${version}"${nonce}`
  return way.kind === 'inline'
    ? `${open}>${PAGE_SCRIPT}</script>\n`
    : `${open} src="${FOLDER}.js?${SCRIPT_TAG}"></script>\n`
}
