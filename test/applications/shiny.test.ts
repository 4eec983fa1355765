import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Browser } from './support/browser.ts'
import { ENGINES } from './support/engines.ts'
import { openSocket, type TestSocket } from './support/socket.ts'
import { SITES, startSite, type Site } from './support/site.ts'

describe.each(ENGINES)('Shiny (%s)', (engine) => {
  let site: Site

  beforeAll(async () => {
    site = await startSite({ args: [`${join(SITES, 'shiny/app.py')}:app`], use: { engine } })
  })
  afterAll(async () => {
    await site.stop()
  })

  const readGreeting = async (socket: TestSocket): Promise<unknown> => {
    for (let count = 0; count < 50; count++) {
      const { values } = JSON.parse(String(await socket.receive()))
      if (values?.greeting !== undefined) return values.greeting
    }
    throw new Error('50 messages without a greeting')
  }

  test('the page comes with its scripts', async () => {
    const browser = new Browser(site.url)
    const page = await browser.visit('/')
    expect(page.status).toBe(200)
    const script = /src="([^"]*shiny[^"]*\.js)"/.exec(page.text)?.[1] ?? 'no script in the page'
    expect((await browser.visit(`/${script}`)).status).toBe(200)
  })

  test('what is shown follows what is typed', async () => {
    const socket = await openSocket(new URL('/websocket/', site.url))
    const data = { name: 'Ada', '.clientdata_output_greeting_hidden': false }
    socket.send(JSON.stringify({ method: 'init', data }))
    expect(await readGreeting(socket)).toBe('Hello, Ada!')
    socket.send(JSON.stringify({ method: 'update', data: { name: 'Zoë' } }))
    expect(await readGreeting(socket)).toBe('Hello, Zoë!')
    await socket.close(1000)
  })
})
