import { FieldBlock } from '../../core/field-block.ts'
import type { ResponseHead } from '../../core/response-head.ts'
import { isBodiless } from '../../core/status.ts'
import { readField } from '../field-values.ts'

/** Bodies below this size would hardly become smaller; nothing is known of those without a Content-Length. */
const LEAST_BYTES = 1024

const PARTIAL_CONTENT = 206
const NOT_MODIFIED = 304

const TYPES =
  /^(?:text\/[^\s;]+|[^\s;]+\+(?:json|xml|text)|application\/(?:json|javascript|ecmascript|x-javascript|xml|ld\+json|manifest\+json|wasm|x-ndjson|ndjson|jsonl|graphql|rtf|sql|toml|yaml|x-yaml|x-sh|vnd\.ms-fontobject)|font\/(?:ttf|otf|collection)|image\/(?:svg\+xml|bmp|x-icon|vnd\.microsoft\.icon))$/i

/** What is about the very bytes of a body (RFC 9530), so the body has to stay as it is. */
const ABOUT_BYTES = ['content-encoding', 'content-range', 'content-digest', 'digest', 'content-md5']

/** Lines that do not hold for the compressed form. */
const PLAIN_LINES = /^(?:content-length|accept-ranges):[^\r]*\r\n/gim
const ETAG_LINE = /^(etag:[\t ]*)(?="[^"\r]*"[\t ]*\r\n)/im
const VARY_LINES = /^vary:([^\r]*)\r\n/gim

/** Whether a response depends on what codings its client accepts. */
export function isCompressible(head: ResponseHead): boolean {
  if (head.status === PARTIAL_CONTENT || isBodiless('GET', head.status)) return false
  if (head.contentLength !== undefined && head.contentLength < LEAST_BYTES) return false
  const { pairs } = head.fields
  const [type = ''] = (readField(pairs, 'content-type') ?? '').split(';')
  if (!TYPES.test(type.trim())) return false
  if (ABOUT_BYTES.some((name) => readField(pairs, name) !== undefined)) return false
  return !forbidsTransform(readField(pairs, 'cache-control'))
}

/** Whether a Cache-Control field forbids to change the content (RFC 9111, 5.2.1.6 and 5.2.2.6). */
export function forbidsTransform(cacheControl: string | undefined): boolean {
  return cacheControl !== undefined && /(?:^|,)[\t ]*no-transform[\t ]*(?:,|$)/i.test(cacheControl)
}

/** A body of a kind whose pieces are messages, for which somebody waits. */
export function isEventStream(head: ResponseHead): boolean {
  return /^text\/event-stream\b/i.test(readField(head.fields.pairs, 'content-type') ?? '')
}

/** The head of the form that is sent plain. */
export function withVary(head: ResponseHead): ResponseHead {
  return { ...head, fields: new FieldBlock(addVary(head.fields.text)) }
}

/** The head of a compressed body; `length` is undefined if that is not known. */
export function asCompressed(
  head: ResponseHead,
  coding: string,
  length: number | undefined,
): ResponseHead {
  const lines = addVary(weaken(head.fields.text.replaceAll(PLAIN_LINES, '')))
  const known = length === undefined ? '' : `Content-Length: ${length}\r\n`
  const text = `${lines}Content-Encoding: ${coding}\r\n${known}`
  return { ...head, contentLength: length, fields: new FieldBlock(text) }
}

/** A 304 repeats the ETag of the compressed form that the client has (RFC 9110, 15.4.5). */
export function asAskedFor(head: ResponseHead, ifNoneMatch: string | undefined): ResponseHead {
  if (head.status !== NOT_MODIFIED || ifNoneMatch === undefined) return head
  const etag = readField(head.fields.pairs, 'etag')
  if (etag === undefined || etag.startsWith('W/') || !listsWeak(ifNoneMatch, etag)) return head
  return { ...head, fields: new FieldBlock(addVary(weaken(head.fields.text))) }
}

/** Whether a list of entity tags has the weak form of a tag and not the tag itself. */
function listsWeak(list: string, etag: string): boolean {
  const tags: readonly string[] = list.match(/(?:W\/)?"[^"]*"/g) ?? []
  return tags.includes(`W/${etag}`) && !tags.includes(etag)
}

/** A compressed body is another sequence of bytes, so its tag is weak (RFC 9110, 8.8.1). */
function weaken(lines: string): string {
  return lines.replace(ETAG_LINE, '$1W/')
}

function addVary(lines: string): string {
  const values: string[] = []
  const rest = lines.replaceAll(VARY_LINES, (_line, value: string) => {
    values.push(value.trim())
    return ''
  })
  const names = values
    .join(',')
    .toLowerCase()
    .split(/[\t ,]+/)
  if (names.includes('*') || names.includes('accept-encoding')) return lines
  const vary = [...values.filter((value) => value !== ''), 'Accept-Encoding'].join(', ')
  return `${rest}Vary: ${vary}\r\n`
}
