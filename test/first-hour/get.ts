import { once } from 'node:events'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'

import { DEADLINE } from '../support/deadlines.ts'

/** What a client gets. */
export interface Answer {
  readonly status: number
  readonly text: string
}

/** Sends a GET to an address as the log announces it, `http://...` or `unix:PATH`. */
export async function get(url: string, path: string): Promise<Answer> {
  const options = { path, agent: false, signal: AbortSignal.timeout(DEADLINE) }
  const asked = url.startsWith('unix:')
    ? request({ ...options, socketPath: url.slice('unix:'.length) })
    : request(url, options)
  const arrived = once(asked, 'response')
  asked.end()
  const [response] = await arrived
  return { status: response.statusCode, text: await text(response) }
}
