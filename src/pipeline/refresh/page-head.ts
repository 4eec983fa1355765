import { FieldBlock } from '../../core/field-block.ts'
import type { ResponseHead } from '../../core/response-head.ts'
import { reasonPhrase } from '../../core/status.ts'
import { readField } from '../field-values.ts'
import { formatPageScript } from './page-script.ts'
import { chooseScriptWay } from './script-policy.ts'

/** A response on its way to a browser. */
export interface PageParts {
  readonly head: ResponseHead
  /** What comes behind the body: ASCII; empty for nothing. */
  readonly tail: string
  /** Makes the body a page. */
  readonly convert?: (body: Buffer) => Buffer
}

/** What decides about a page. */
export interface PageContext {
  readonly version: string
  /** The body comes with the head. */
  readonly isWhole: boolean
  /** `reason` is why the page is left as it is although its author may expect otherwise. */
  onLeft(reason: string): void
}

// They would be wrong for the page with its script, or let a browser keep one whose script is old.
const ABOUT_BODY = new Set([
  'etag',
  'last-modified',
  'accept-ranges',
  'content-md5',
  'digest',
  'content-digest',
  'repr-digest',
])
const FIRST_FAULT = 500

/** Adds the script to a page, and makes a page of an error in plain text; other responses stay as they are. */
export function adaptPage(head: ResponseHead, context: PageContext): PageParts {
  const [type = '', ...parameters] = (read(head, 'content-type') ?? '').toLowerCase().split(';')
  const isError = type.trim() === 'text/plain' && head.status >= FIRST_FAULT && context.isWhole
  if (!isError && (type.trim() !== 'text/html' || !isPage(head))) return { head, tail: '' }
  const reason = findObstacle(head, parameters)
  const way = chooseScriptWay(read(head, 'content-security-policy'))
  if (reason !== undefined || way === undefined) {
    context.onLeft(reason ?? 'its Content-Security-Policy allows no script of its own origin')
    return { head, tail: '' }
  }
  const tail = formatPageScript(context.version, way)
  const page = withoutFields(head, ABOUT_BODY)
  return isError
    ? { head: asHtml(page), tail, convert: (body) => formatError(head.status, body) }
    : { head: revalidated(page), tail }
}

/** A file that a page refers to: a browser would keep it without asking when only its date is known. */
export function revalidated(head: ResponseHead): ResponseHead {
  if (read(head, 'cache-control') !== undefined) return head
  return withText(head, `${head.fields.text}Cache-Control: no-cache\r\n`)
}

/** The head of a body with another length; undefined if that is not known. */
export function withLength(head: ResponseHead, contentLength: number | undefined): ResponseHead {
  const { fields } = withoutFields(head, new Set(['content-length']))
  const line = contentLength === undefined ? '' : `Content-Length: ${contentLength}\r\n`
  return { ...head, contentLength, fields: new FieldBlock(fields.text + line) }
}

/** Not a redirect, a part of a page, or a download. */
function isPage(head: ResponseHead): boolean {
  const { status } = head
  const isDownload = /^attachment/i.test(read(head, 'content-disposition') ?? '')
  return status !== 204 && status !== 206 && (status < 300 || status >= 400) && !isDownload
}

function findObstacle(head: ResponseHead, parameters: readonly string[]): string | undefined {
  const coding = read(head, 'content-encoding') ?? 'identity'
  if (coding.toLowerCase() !== 'identity') return 'it is compressed'
  const isWide = parameters.some((parameter) => /charset\s*=\s*"?utf-?(?:16|32)/.test(parameter))
  return isWide ? 'its charset does not contain ASCII' : undefined
}

function formatError(status: number, body: Buffer): Buffer {
  const title = `${status} ${reasonPhrase(status)}`
  const text = body.toString('latin1').replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  const page = `<!doctype html>\n<title>${title}</title>\n<h1>${title}</h1>\n<pre>${text}</pre>\n`
  return Buffer.from(page, 'latin1')
}

function asHtml(head: ResponseHead): ResponseHead {
  return withText(head, head.fields.text.replace(/^(content-type:\s*)text\/plain/im, '$1text/html'))
}

function read(head: ResponseHead, name: string): string | undefined {
  return readField(head.fields.pairs, name)
}

function withoutFields(head: ResponseHead, names: ReadonlySet<string>): ResponseHead {
  const lines = head.fields.text.split(/(?<=\r\n)/)
  const kept = lines.filter((line) => !names.has(line.slice(0, line.indexOf(':')).toLowerCase()))
  return withText(head, kept.join(''))
}

function withText(head: ResponseHead, text: string): ResponseHead {
  return { ...head, fields: new FieldBlock(text) }
}
