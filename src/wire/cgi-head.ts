import type { ResponseHead } from '../core/response-head.ts'
import { reasonPhrase } from '../core/status.ts'

/** Formats the head of a response, with a Content-Length of `addedLength` bytes if that is given. */
export type FormatHead = (head: ResponseHead, addedLength: number | undefined) => string

/** The head as CGI programs print it (RFC 3875, 6), latin-1. */
export const formatCgiHead: FormatHead = (head, addedLength) =>
  `Status: ${formatStatus(head)}\r\n${formatFields(withoutStatus(head.fields.text), addedLength)}`

/** The head with a status line, as over uwsgi. The server in front decides how the connection to its client goes on. */
export const formatStatusLineHead: FormatHead = (head, addedLength) =>
  `HTTP/1.1 ${formatStatus(head)}\r\n${formatFields(head.fields.text, addedLength)}`

function formatStatus({ status, reason }: ResponseHead): string {
  return `${status} ${reason === '' ? reasonPhrase(status) : reason}`
}

function formatFields(text: string, addedLength: number | undefined): string {
  return addedLength === undefined ? `${text}\r\n` : `${text}Content-Length: ${addedLength}\r\n\r\n`
}

/** A field of this name would say another status than the response has. */
function withoutStatus(text: string): string {
  return text.replaceAll(/^status:[^\r]*\r\n/gim, '')
}
