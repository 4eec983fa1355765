import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Browser, streamOf, type Page } from './support/browser.ts'
import { makeFolder } from './support/folder.ts'
import { startSite, type Site } from './support/site.ts'

const EVENT = `BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//test//EN
BEGIN:VEVENT
UID:lecture
DTSTAMP:20260101T000000Z
DTSTART:20260310T090000Z
DTEND:20260310T100000Z
SUMMARY:Vorlesung über Größen
END:VEVENT
END:VCALENDAR
`.replaceAll('\n', '\r\n')

function query(start: string, end: string): string {
  return `<?xml version="1.0" encoding="utf-8"?>
<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">
  <D:prop><D:getetag/><C:calendar-data/></D:prop>
  <C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">
    <C:time-range start="${start}" end="${end}"/>
  </C:comp-filter></C:comp-filter></C:filter>
</C:calendar-query>`
}

describe.each([
  { name: 'Radicale', target: 'radicale', mount: '' },
  { name: 'Radicale at /cal', target: 'radicale:application', mount: '/cal' },
])('$name', ({ target, mount }) => {
  const calendar = `${mount}/ada/lectures/`
  const headers = { authorization: `Basic ${btoa('ada:open sesame')}` }
  let site: Site
  let browser: Browser

  const ask = async (method: string, path: string, body?: string, more?: object): Promise<Page> =>
    await browser.visit(path, {
      method,
      headers: { ...headers, 'content-type': 'application/xml', ...more },
      ...(body === undefined ? {} : { body }),
    })

  beforeAll(async () => {
    const folder = await makeFolder()
    await writeFile(join(folder, 'users'), 'ada:open sesame\n')
    const config = join(folder, 'config')
    await writeFile(
      config,
      `[auth]
type = htpasswd
htpasswd_filename = ${join(folder, 'users')}
htpasswd_encryption = plain
delay = 0
[storage]
filesystem_folder = ${join(folder, 'collections')}
`,
    )
    site = await startSite({
      args: [target, ...(mount === '' ? [] : ['--mount', mount])],
      env: { RADICALE_CONFIG: config },
    })
    browser = new Browser(site.url)
  })
  afterAll(async () => {
    await site.stop()
  })

  test('a stranger is asked for a name, though the body is still coming', async () => {
    const page = await browser.visit(`${calendar}lecture.ics`, {
      method: 'PUT',
      body: EVENT.repeat(2_000),
    })
    expect(page.status).toBe(401)
    expect(page.headers.get('www-authenticate')).toMatch(/^Basic realm=/)
  })

  test('a calendar is made', async () => {
    expect((await ask('MKCALENDAR', calendar)).status).toBe(201)
    expect((await ask('MKCALENDAR', calendar)).status).toBe(409)
  })

  test('an event is stored and read', async () => {
    const path = `${calendar}lecture.ics`
    const stored = await ask('PUT', path, EVENT, { 'content-type': 'text/calendar; charset=utf-8' })
    expect(stored.status).toBe(201)
    const read = await ask('GET', path)
    expect(read.status).toBe(200)
    expect(read.headers.get('content-type')).toMatch(/^text\/calendar/)
    expect(read.headers.get('etag')).toBe(stored.headers.get('etag'))
    expect(read.text).toContain('SUMMARY:Vorlesung über Größen')
  })

  test('an event of unknown length is stored', async () => {
    const large = EVENT.replace('UID:lecture', 'UID:large')
      .replaceAll('20260310', '20270310')
      .replace('END:VEVENT', `DESCRIPTION:${'word '.repeat(140_000)}\r\nEND:VEVENT`)
    const stored = await browser.visit(`${calendar}large.ics`, {
      method: 'PUT',
      headers: { ...headers, 'content-type': 'text/calendar; charset=utf-8' },
      body: streamOf(Buffer.from(large)),
    })
    expect(stored.status).toBe(201)
    const read = await ask('GET', `${calendar}large.ics`)
    expect(read.text.replaceAll('\r\n ', '')).toContain('word '.repeat(140_000).trim())
  })

  test('a query finds the event by its time', async () => {
    const found = await ask('REPORT', calendar, query('20260301T000000Z', '20260401T000000Z'))
    expect(found.status).toBe(207)
    expect(found.text).toContain(`<href>${calendar}lecture.ics</href>`)
    expect(found.text).toContain('Vorlesung über Größen')
    const missed = await ask('REPORT', calendar, query('20260401T000000Z', '20260501T000000Z'))
    expect(missed.status).toBe(207)
    expect(missed.text).not.toContain('<href>')
  })

  test('the calendar lists its members', async () => {
    const listed = await ask('PROPFIND', calendar, undefined, { depth: '1' })
    expect(listed.status).toBe(207)
    const members = [...listed.text.matchAll(/<response><href>([^<]+)<\/href>/g)]
    expect(new Set(members.map(([, path]) => path))).toEqual(
      new Set([calendar, `${calendar}large.ics`, `${calendar}lecture.ics`]),
    )
  })

  test('a change is refused if the event has changed meanwhile', async () => {
    const more = { 'content-type': 'text/calendar', 'if-match': '"other"' }
    expect((await ask('PUT', `${calendar}lecture.ics`, EVENT, more)).status).toBe(412)
  })

  test('an event is deleted', async () => {
    expect((await ask('DELETE', `${calendar}lecture.ics`)).status).toBe(200)
    expect((await ask('GET', `${calendar}lecture.ics`)).status).toBe(404)
  })

  test('OPTIONS says what a calendar can do', async () => {
    const page = await ask('OPTIONS', calendar)
    expect(page.status).toBe(200)
    expect(page.headers.get('dav')).toContain('calendar-access')
  })
})
