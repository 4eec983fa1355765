import { describe, expect, test } from 'vitest'

import { startLrwpLab } from './support/lrwp-lab.ts'
import { formatOutput } from './support/raw-peer.ts'

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
