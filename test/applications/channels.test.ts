import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Browser } from './support/browser.ts'
import { ENGINES } from './support/engines.ts'
import { makeFolder } from './support/folder.ts'
import { openSocket, type TestSocket } from './support/socket.ts'
import { SITES, startSite, type Site } from './support/site.ts'
import { DEADLINE } from '../support/deadlines.ts'

describe.each(ENGINES)('Django with Channels (%s)', (engine) => {
  let site: Site
  let ada: Browser

  beforeAll(async () => {
    site = await startSite({
      args: [`${join(SITES, 'channels/chat.py')}:application`],
      env: { SITE_DATA: await makeFolder() },
      use: { engine },
    })
    ada = new Browser(site.url)
    await ada.visit('/join/ada')
  })
  afterAll(async () => {
    await site.stop()
  })

  const connect = async (path: string, browser?: Browser): Promise<TestSocket> => {
    const subprotocols = path.startsWith('/room') ? ['chat'] : []
    const cookie = browser === undefined ? '' : `sessionid=${browser.cookies.get('sessionid')}`
    const headers = { cookie, origin: new URL(site.url).origin }
    return await openSocket(new URL(path, site.url), { headers, subprotocols })
  }
  const waitForEntry = async (entry: string): Promise<void> =>
    await expect
      .poll(async () => JSON.parse((await ada.visit('/journal')).text), { timeout: DEADLINE })
      .toContain(entry)

  test('asynchronous views read and write tables, and synchronous ones know the session', async () => {
    expect(JSON.parse((await ada.visit('/join/ada')).text)).toMatchObject({ created: false })
    expect(JSON.parse((await ada.visit('/names')).text)).toContain('ada')
    expect((await ada.visit('/who')).text).toBe('ada')
    expect((await new Browser(site.url).visit('/who')).text).toBe('')
  })

  test('a streamed answer comes whole', async () => {
    const page = await ada.visit('/count?to=50')
    expect(page.text).toBe(Array.from({ length: 50 }, (_, at) => `line ${at}\n`).join(''))
  })

  test('a static file comes through the application', async () => {
    const page = await ada.visit('/static/chat.css')
    expect([page.status, page.text]).toEqual([200, 'body { color: teal }\n'])
  })

  test('a view is cancelled when its client leaves', async () => {
    const control = new AbortController()
    const asked = fetch(new URL('/wait', site.url), { signal: control.signal })
    await waitForEntry('waiting')
    control.abort()
    await expect(asked).rejects.toThrow(/abort/)
    await waitForEntry('left')
  })

  test('everybody in a room reads what anybody says, and who says it', async () => {
    const bob = new Browser(site.url)
    await bob.visit('/join/bob')
    const sockets = await Promise.all([connect('/room/hall', ada), connect('/room/hall', bob)])
    const elsewhere = await connect('/room/cellar', bob)
    expect(sockets[0].subprotocol).toBe('chat')
    elsewhere.send('{"text":"nobody here?"}')
    sockets[0].send('{"text":"Grüße"}')
    for (const socket of sockets)
      expect(JSON.parse(String(await socket.receive()))).toEqual({ by: 'ada', text: 'Grüße' })
    expect(JSON.parse(String(await elsewhere.receive()))).toEqual({
      by: 'bob',
      text: 'nobody here?',
    })
    const ends = [...sockets, elsewhere].map(async (socket) => await socket.close(4321))
    expect((await Promise.all(ends)).map(({ code }) => code)).toEqual([4321, 4321, 4321])
    await waitForEntry('left hall by 4321')
  })

  test('a synchronous consumer counts rows, speaks to a room, and closes with its own code', async () => {
    const room = await connect('/room/hall', ada)
    const counter = await connect('/counter', ada)
    expect(Number(await counter.receive())).toBeGreaterThan(0)
    counter.send('seven')
    expect(await counter.receive()).toBe('seven')
    expect(JSON.parse(String(await room.receive()))).toEqual({ by: 'counter', text: 'seven' })
    const bytes = Buffer.from([0, 255, 128])
    counter.send(bytes)
    expect(await counter.receive()).toEqual(bytes)
    counter.send('close')
    expect(await counter.closed).toEqual({ code: 4001, reason: 'as you wish' })
    await room.close(1000)
  })

  test('strangers and pages of other sites are refused', async () => {
    await expect(connect('/counter')).rejects.toThrow(/response: 403/)
    const headers = { origin: 'https://elsewhere.example' }
    await expect(openSocket(new URL('/room/hall', site.url), { headers })).rejects.toThrow(
      /response: 403/,
    )
  })
})
