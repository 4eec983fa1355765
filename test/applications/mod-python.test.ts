import { chmod, cp, mkdir, writeFile } from 'node:fs/promises'
import { STATUS_CODES } from 'node:http'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { fetchRaw, type RawResponse } from '../support/raw-client.ts'
import { hasApache, startApache, type Apache } from './support/apache.ts'
import { Browser } from './support/browser.ts'
import { makeFolder } from './support/folder.ts'
import {
  DIFFERENCES,
  formatRow,
  PAGE,
  ROWS,
  type Answer,
  type Row,
} from './support/mod-python-rows.ts'
import { FILTERS, PLACES } from './support/mod-python-site.ts'
import { SITES, startSite, type Site } from './support/site.ts'

/** What each server adds of its own. */
const OWN =
  /^(date|server|connection|keep-alive|transfer-encoding|content-length|accept-ranges|etag|last-modified|vary|x-content-type-options)$/

function answerOf(url: string, response: RawResponse): Answer {
  const fields: Record<string, string[]> = {}
  const own = isOwnPage(response)
  for (const [spelled, value] of response.fields) {
    const name = spelled.toLowerCase()
    if (OWN.test(name) || (own && name === 'content-type')) continue
    const values = name === 'allow' ? value.split(/, */).toSorted() : [value]
    ;(fields[name] ??= []).push(
      ...values.map((one) => plain(one, url)).filter((one) => one !== 'TRACE'),
    )
  }
  // An error after a part of the answer has its page behind it, which nobody wants.
  const text = response.body.toString('utf8').replace(/<!DOCTYPE HTML PUBLIC[^]*/, '')
  return { status: response.status, fields, text: own ? PAGE : plain(text, url) }
}

/** Without the address, and without what is said here only: that text is UTF-8. */
function plain(text: string, url: string): string {
  return text
    .replaceAll(url, '')
    .replaceAll(new URL(url).host, 'HOST')
    .replace(/^(text\/\w+); charset=utf-8$/, '$1')
}

/** Bodies of error answers of the servers themselves. */
function isOwnPage({ status, text, framing }: RawResponse): boolean {
  if (framing === 'none') return status >= 400
  return text.startsWith('<!DOCTYPE HTML PUBLIC') || text === `${STATUS_CODES[status] ?? ''}\n`
}

const SESSIONS_IN = 'PythonOption mod_python.session.database_directory '

/** Pages that one client visits in this order. */
const SESSION_STEPS =
  'session session unsaved session facts deleted session session ended session bad_sid count count'

async function ask(url: string, row: Row): Promise<Answer> {
  const { method, target, body } = row
  const headers = [['Host', new URL(url).host] as const, ...(row.headers ?? [])]
  return answerOf(
    url,
    await fetchRaw(url, {
      target,
      headers,
      ...(method && { method }),
      ...(body !== undefined && { body }),
    }),
  )
}

/** What clients see of a session; ids are random. */
async function visitSession(browser: Browser, step: string): Promise<unknown> {
  const { status, headers, text } = await browser.visit(
    step === 'count' ? '/ps/count.psp' : `/pub/visits/${step}`,
  )
  const cookies = headers.getSetCookie().map((line) => line.replace(/[0-9a-f]{32}/, 'ID'))
  return { step, status, text, cookies, cacheControl: headers.get('cache-control') }
}

describe.skipIf(!hasApache('python', 'authn_core', 'authz_user'))('handlers of mod_python', () => {
  let apache: Apache
  let site: Site

  beforeAll(async () => {
    const folder = await makeFolder()
    await chmod(folder, 0o755)
    const root = join(folder, 'site')
    await cp(join(SITES, 'mod-python'), root, { recursive: true })
    // Its children are nobody.
    const sessions = join(folder, 'sessions')
    await mkdir(sessions)
    await chmod(sessions, 0o777)
    apache = await startApache({
      root,
      modules: ['python', 'authn_core', 'authz_user'],
      directory: ['AddType text/plain .txt'],
      more: [{ name: 'fi', lines: FILTERS }, ...PLACES].flatMap(({ name, lines }) => {
        const where = name.includes('/') ? `Location /${name}` : `Directory ${join(root, name)}`
        const more = name.startsWith('p') ? [SESSIONS_IN + sessions] : []
        return [
          `<${where}>`,
          'SetHandler mod_python',
          ...lines,
          ...more,
          `</${where.split(' ', 1)[0]}>`,
        ]
      }),
    })
    const routes = PLACES.map(({ name, modPython }) => ({
      path: `/${name}`,
      modPython: { directory: join(root, name.replace(/\/.*/, '')), ...modPython },
    }))
    const config = join(folder, 'taipan.config.json')
    await writeFile(
      config,
      JSON.stringify({ routes: [...routes, { path: '/static', static: join(root, 'static') }] }),
    )
    site = await startSite({ args: ['--config', config, '--no-request-id'] })
  })
  afterAll(async () => {
    await site.stop()
    await apache.stop()
  })

  test.each(ROWS.map((row) => [formatRow(row), row] as const))('%s', async (_, row) => {
    const theirs = await ask(apache.url, row)
    const expected = { ...theirs, ...row.differs?.[1] }
    expect(await ask(site.url, row)).toEqual(expected)
    if (row.differs !== undefined) expect(theirs).not.toEqual(expected)
  })

  test('all differences are those of a request', () => {
    const names = new Set(ROWS.map(formatRow))
    expect(Object.keys(DIFFERENCES).filter((name) => !names.has(name))).toEqual([])
  })

  test('sessions of one client', async () => {
    const [there, here] = [new Browser(apache.url), new Browser(site.url)]
    for (const step of SESSION_STEPS.split(' ')) {
      const theirs = await visitSession(there, step)
      expect(await visitSession(here, step)).toEqual(theirs)
    }
  })
})
