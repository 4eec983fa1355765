import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Browser, streamOf, type Page } from './support/browser.ts'
import { bytesOf, sha256 } from './support/bytes.ts'
import { makeFolder } from './support/folder.ts'
import { SITES, startSite, type Site } from './support/site.ts'

const LOCK = `<?xml version="1.0" encoding="utf-8"?>
<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>
<D:locktype><D:write/></D:locktype><D:owner>ada</D:owner></D:lockinfo>`

describe.each(['', '/share'])('WsgiDAV at "%s"', (mount) => {
  const bytes = bytesOf(5_000_000, 5)
  const authorization = `Basic ${btoa('ada:open sesame')}`
  let site: Site
  let folder: string
  let browser: Browser

  const ask = async (
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: BodyInit_,
  ): Promise<Page> =>
    await browser.visit(`${mount}${path}`, {
      method,
      headers: { authorization, ...headers },
      ...(body === undefined ? {} : { body }),
    })
  type BodyInit_ = NonNullable<RequestInit['body']>

  beforeAll(async () => {
    folder = await makeFolder()
    const app = `${join(SITES, 'wsgidav/app.py')}:create_app()`
    site = await startSite({
      args: [app, ...(mount === '' ? [] : ['--mount', mount])],
      env: { SITE_DATA: folder, SITE_MOUNT: mount },
    })
    browser = new Browser(site.url)
  })
  afterAll(async () => {
    await site.stop()
  })

  test('a stranger is asked for a name before a large body is read', async () => {
    const page = await browser.visit(`${mount}/large.bin`, { method: 'PUT', body: bytes })
    expect(page.status).toBe(401)
  })

  test('a file is stored with a length, and in chunks', async () => {
    expect((await ask('PUT', '/one.bin', {}, bytes)).status).toBe(201)
    expect((await ask('PUT', '/two.bin', {}, streamOf(bytes))).status).toBe(201)
    expect(sha256(await readFile(join(folder, 'one.bin')))).toBe(sha256(bytes))
    expect(sha256(await readFile(join(folder, 'two.bin')))).toBe(sha256(bytes))
    expect((await ask('PUT', '/one.bin', {}, bytes)).status).toBe(204)
  })

  test('a file and a part of it are read', async () => {
    const whole = await ask('GET', '/one.bin')
    expect(whole.status).toBe(200)
    expect(sha256(whole.bytes)).toBe(sha256(bytes))
    const part = await ask('GET', '/one.bin', { range: 'bytes=1000-1999' })
    expect(part.status).toBe(206)
    expect(part.headers.get('content-range')).toBe('bytes 1000-1999/5000000')
    expect(part.bytes).toEqual(bytes.subarray(1000, 2000))
  })

  test('folders are made, listed, copied and moved, in any script', async () => {
    const größe = `/${encodeURIComponent('größe')}`
    const to = (path: string): Record<string, string> => ({
      destination: new URL(`${mount}${path}`, site.url).href,
    })
    expect((await ask('MKCOL', `${größe}/`)).status).toBe(201)
    expect((await ask('COPY', '/one.bin', to(`${größe}/copy.bin`))).status).toBe(201)
    expect((await ask('MOVE', '/two.bin', to(`${größe}/moved.bin`))).status).toBe(201)
    const listed = await ask('PROPFIND', `${größe}/`, { depth: '1' })
    expect(listed.status).toBe(207)
    const members = [...listed.text.matchAll(/<(?:\w+:)?href>([^<]+)<\//g)].map(([, path]) => path)
    expect(new Set(members)).toEqual(
      new Set(['/', '/copy.bin', '/moved.bin'].map((name) => `${mount}${größe}${name}`)),
    )
    expect(sha256(await readFile(join(folder, 'größe/moved.bin')))).toBe(sha256(bytes))
    expect((await ask('DELETE', `${größe}/`)).status).toBe(204)
    expect((await ask('GET', `${größe}/copy.bin`)).status).toBe(404)
  })

  test('a lock keeps others out until it is gone', async () => {
    const locked = await ask('LOCK', '/one.bin', { 'content-type': 'text/xml' }, LOCK)
    expect(locked.status).toBe(200)
    const token = locked.headers.get('lock-token') ?? ''
    expect((await ask('PUT', '/one.bin', {}, 'other')).status).toBe(423)
    expect((await ask('PUT', '/one.bin', { if: `(${token})` }, 'mine')).status).toBe(204)
    expect((await ask('UNLOCK', '/one.bin', { 'lock-token': token })).status).toBe(204)
    expect((await ask('PUT', '/one.bin', {}, 'other')).status).toBe(204)
    expect(await readFile(join(folder, 'one.bin'), 'utf8')).toBe('other')
  })

  test('its page for browsers lists the folder', async () => {
    const page = await ask('GET', '/')
    expect(page.status).toBe(200)
    expect(page.text).toContain('one.bin')
  })
})
