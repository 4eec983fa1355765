import { describe, expect, test } from 'vitest'

import { formatRequest, openRaw, pollUntil } from '../../support/raw-client.ts'
import { startLrwpLab } from './support/lrwp-lab.ts'
import { formatAnswer, formatOutput } from './support/raw-peer.ts'

describe('a peer', () => {
  test('gets the variables of CGI, and the body', async () => {
    await using lab = await startLrwpLab()
    const peer = await lab.register('calc')
    const answer = lab.fetch({
      method: 'POST',
      target: '/peers/calc/add%20up?a=1&b=2',
      headers: [
        ['X-Color', 'green'],
        ['Content-Type', 'text/x'],
      ],
      body: 'a body \0 with a NUL',
    })
    const { variables, body } = await peer.takeRequest()
    expect(variables).toMatchObject({
      REQUEST_METHOD: 'POST',
      SCRIPT_NAME: '/peers/calc',
      SCRIPT_PATH: '/peers/calc',
      PATH_INFO: '/add up',
      QUERY_STRING: 'a=1&b=2',
      CONTENT_TYPE: 'text/x',
      CONTENT_LENGTH: '19',
      HTTP_X_COLOR: 'green',
      HTTP_HOST: 'taipan.test',
      GATEWAY_INTERFACE: 'CGI/1.1',
      SERVER_SOFTWARE: 'taipan/test',
      REMOTE_ADDR: '127.0.0.1',
    })
    expect(variables).not.toHaveProperty('REMOTE_USER')
    expect(body).toBe('a body \0 with a NUL')
    peer.answer(`Status: 201 Made\r\nX-Fruit: apple\r\n${formatOutput('done')}`)
    const response = await answer
    expect(response).toMatchObject({ status: 201, reason: 'Made', text: 'done' })
    expect(response.header('x-fruit')).toBe('apple')
  })

  test('has a PATH_INFO also where nothing follows its name', async () => {
    await using lab = await startLrwpLab()
    await lab.serve('calc', ({ variables }) => {
      return `${variables['SCRIPT_NAME']} + ${variables['PATH_INFO']}`
    })
    expect(await lab.get('/peers/calc')).toBe('200 /peers/calc + ')
    expect(await lab.get('/calc')).toBe('200 /calc + ')
    expect(await lab.get('/calc/a/b')).toBe('200 /calc + /a/b')
    expect(await lab.get('/calc/')).toBe('200 /calc + /')
  })
})

describe('a request', () => {
  test('that is small comes in one segment', async () => {
    await using lab = await startLrwpLab()
    const peer = await lab.register('calc')
    const chunks: string[] = []
    peer.connection.socket.on('data', (chunk: Buffer) => chunks.push(chunk.toString('latin1')))
    const answer = lab.get({ method: 'POST', target: '/calc', body: 'small' })
    await peer.takeRequest()
    peer.answer(formatOutput('x'))
    await answer
    expect(chunks).toHaveLength(1)
    expect(chunks[0]).toMatch(/000000005small$/)
  })

  test('that is large comes whole, and so does a large answer', async () => {
    await using lab = await startLrwpLab({ responseLimit: 50_000_000 })
    await lab.serve('calc', ({ body }) => body.toUpperCase())
    const body = 'abcdefghij'.repeat(1_000_000)
    const { text } = await lab.fetch({ method: 'POST', target: '/calc', body })
    expect(text === body.toUpperCase()).toBe(true)
  })

  test('without a length gets one', async () => {
    await using lab = await startLrwpLab()
    await lab.serve('calc', ({ variables, body }) => `${variables['CONTENT_LENGTH']} ${body}`)
    const large = Array.from({ length: 100 }, (_, number) => String(number % 10).repeat(10_000))
    for (const chunks of [['in ', 'chunks'], large]) {
      const body = chunks.join('')
      const { text } = await lab.fetch({ method: 'POST', target: '/calc', chunks })
      expect(text === `${body.length} ${body}`).toBe(true)
    }
  })
})

test('a client that waits for 100 Continue gets it, once there is a peer', async () => {
  await using lab = await startLrwpLab()
  const head = formatRequest({
    method: 'POST',
    target: '/calc',
    headers: [
      ['Expect', '100-continue'],
      ['Content-Length', '4'],
    ],
  })
  using refused = await openRaw(lab.url)
  refused.send(head)
  expect(await refused.readFinalResponse('POST')).toMatchObject({ status: 503, interim: [] })
  await lab.serve('calc', ({ body }) => body)
  using client = await openRaw(lab.url)
  client.send(head)
  expect((await client.readResponse('POST')).status).toBe(100)
  client.send('body')
  expect(await client.readResponse('POST')).toMatchObject({ status: 200, text: 'body' })
})

describe('an answer', () => {
  test('streams as it arrives, and waits for its client', async () => {
    await using lab = await startLrwpLab({ responseLimit: 100_000_000 })
    const peer = await lab.register('calc')
    using client = await openRaw(lab.url)
    client.send(formatRequest({ target: '/calc' }))
    await peer.takeRequest()
    const output = formatAnswer(formatOutput('x'.repeat(60_000_000)))
    peer.send(output.slice(0, 100))
    await client.waitUntil(() => client.rest.includes('xxx'), 'the beginning')
    client.pause()
    const sent = peer.connection.sendAll(output.slice(100))
    await pollUntil(() => client.socket.readableLength > 0 || undefined, 'more')
    await expect(lab.get('/peers/other')).resolves.toMatch(/^503/)
    expect(peer.connection.socket.writableLength).toBeGreaterThan(10_000_000)
    client.resume()
    expect((await client.readResponse()).text).toHaveLength(60_000_000)
    await sent
  })

  test('loses what is for the connection alone', async () => {
    await using lab = await startLrwpLab()
    const peer = await lab.register('calc')
    const answer = lab.fetch('/calc')
    await peer.takeRequest()
    const fields = 'Transfer-Encoding: chunked\r\nConnection: X-Own\r\nX-Own: 1\r\nX-Other: 2'
    peer.answer(`${fields}\r\n${formatOutput('plain')}`)
    const response = await answer
    expect(response).toMatchObject({ status: 200, text: 'plain' })
    expect(response.header('x-own')).toBeUndefined()
    expect(response.header('x-other')).toBe('2')
  })

  test('to HEAD has no body', async () => {
    await using lab = await startLrwpLab()
    await lab.serve('calc', () => 'hidden')
    using client = await openRaw(lab.url)
    client.send(formatRequest({ method: 'HEAD', target: '/calc' }))
    expect((await client.readResponse('HEAD')).text).toBe('')
    client.send(formatRequest({ target: '/calc' }))
    expect((await client.readResponse()).text).toBe('hidden')
  })

  test('may lead to another path of the server, or of others', async () => {
    await using lab = await startLrwpLab()
    const peer = await lab.register('calc')
    await lab.serve('other', ({ variables }) => `${variables['PATH_INFO']}`)
    for (const [location, expected] of [
      ['/peers/other/here', '200 /here'],
      ['http://elsewhere.example/', '302 '],
    ] as const) {
      const answer = lab.get('/calc')
      await peer.takeRequest()
      peer.answer(`Location: ${location}\r\n\r\n`)
      expect(await answer).toBe(expected)
    }
  })
})
