import { execFileSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { createProject } from '../support/project.ts'
import { fetchRaw, openRaw, type RawResponse } from '../support/raw-client.ts'
import { Browser } from './support/browser.ts'
import { startSite, type Site } from './support/site.ts'

const PUBLISHED = `
import os, sys
from mod_python import Cookie, Session

_secret = 'SECRET'
text = 'shown'
PASSWORD = {'SECRET': 1}

class Endless:
    def __getattr__(self, name):
        if name.startswith('__'):
            raise AttributeError(name)
        return self
    def __call__(self, req):
        return 'endless'

endless = Endless()

def hits(req):
    session = Session.Session(req)
    session['hits'] = session.get('hits', 0) + 1
    session.save()
    return str(session['hits'])

def signed(req):
    cookies = Cookie.get_cookies(req, Cookie.SignedCookie, secret='key')
    return ','.join('%s %s' % (type(one).__name__, one.value) for one in cookies.values())

def marshalled(req):
    cookies = Cookie.get_cookies(req, Cookie.MarshalCookie, secret='key')
    return ','.join('%s %s' % (type(one).__name__, one.value) for one in cookies.values())

def injects(req, value):
    req.headers_out['X-Mine'] = value
    return 'sent'

def cookie(req, value):
    Cookie.add_cookie(req, 'name', value)
    return 'sent'

def again(req):
    return again(req)

def ignores(req, **fields):
    return 'ignored'
`
const PHASED = `
import os, sys, time
from mod_python import apache

def ends(req, phase):
    if req.args == 'exit-' + phase:
        sys.exit('over')
    if req.args == 'dies-' + phase:
        os._exit(3)
    if req.args == 'recurses-' + phase:
        return ends(req, phase)
    return apache.OK

headerparserhandler = lambda req: ends(req, 'headerParser')
accesshandler = lambda req: ends(req, 'access')
typehandler = lambda req: ends(req, 'type')
fixuphandler = lambda req: ends(req, 'fixup')
loghandler = lambda req: ends(req, 'log')
cleanuphandler = lambda req: ends(req, 'cleanup')

def handler(req):
    if req.args == 'declines':
        return apache.DECLINED
    if req.args == 'hangs':
        while True:
            time.sleep(0.05)
    result = ends(req, 'handler')
    req.write('alive')
    return result
`
const PHASES = ['headerParser', 'access', 'type', 'fixup', 'log', 'cleanup']
const PATHS = `
  /pub/../outside.py /pub/%2e%2e/outside.py /pub/..%2foutside.py /pub/..%5coutside.py
  /pub/%2e%2e%2foutside.py /pub/things/../../outside.py /pub/..;/outside.py /pub/things%00 /pub/%00
  /pub/things/_secret /pub/things/%5fsecret /pub/things/._secret /pub/things/text/_secret
  /pub/things/__dict__ /pub/things/text/__class__ /pub/things/endless/_secret /pub/_hidden/index
  /pub/things/os/environ /pub/things/sys/modules /pub/things/PASSWORD/keys /pub/things/signed/func_globals
  /pub/things/ignores.__globals__ /pub/things/ignores/__code__/co_consts /pub/things/Endless
  /pub/linked /pub/linked.py /pub/linked/_secret /pub/folder/secret /pub/folder/ /pub/pipe /pub/pipe.py
  /pub/%ff /pub/things/%ff%fe /pub/%c0%ae%c0%ae/outside /pub/things.py%20 /pub/.hidden /pub/things.pyc
  /pub/__pycache__/things.cpython-311.pyc /pub/taipan.config.json /pub/outside /pub//outside//
  /ph/linked.txt?declines /ph/folder/secret.py?declines /ph/pipe.txt?declines /ph/phased.py?declines
  /ph/phased.py%20?declines /ph/PHASED.PY?declines /ph/.hidden?declines /ph/%2e%2e/outside.py?declines
  /ph/..%2foutside.py?declines /ph/phased.py%00.txt?declines`
  .trim()
  .split(/\s+/)

describe('hostile requests to handlers of mod_python', () => {
  let project: ReturnType<typeof createProject>
  let site: Site

  beforeAll(async () => {
    project = createProject({
      'outside.py': 'SECRET = 1\ndef index():\n  return "SECRET"\nsecret = index\n',
      'away/secret.py': 'def index():\n  return "SECRET"\n',
      'pub/things.py': PUBLISHED,
      'pub/_hidden.py': 'def index():\n  return "SECRET"\n',
      'pub/.hidden': 'SECRET',
      'ph/phased.py': `${PHASED}# SECRET\n`,
      'ph/.hidden': 'SECRET',
    })
    for (const folder of ['pub', 'ph']) {
      symlinkSync(
        '../outside.py',
        project.path(`${folder}/linked.${folder === 'pub' ? 'py' : 'txt'}`),
      )
      symlinkSync('../away', project.path(`${folder}/folder`))
    }
    execFileSync('mkfifo', [project.path('pub/pipe.py'), project.path('ph/pipe.txt')])
    const phases = Object.fromEntries(PHASES.map((phase) => [phase, 'phased']))
    const routes = [
      { path: '/pub', modPython: { directory: 'pub', handler: 'mod_python.publisher' } },
      { path: '/ph', modPython: { directory: 'ph', handler: 'phased', phases } },
    ]
    // One handler never returns.
    project.write('taipan.config.json', JSON.stringify({ routes, timeouts: { shutdown: '2s' } }))
    site = await startSite({ args: ['--config', project.path('taipan.config.json'), '-w', '2'] })
  })
  afterAll(async () => {
    await site.stop()
    project[Symbol.dispose]()
  })

  const get = async (target: string, headers: readonly (readonly [string, string])[] = []) =>
    await fetchRaw(site.url, { target, headers })

  async function expectAlive(): Promise<void> {
    await expect.poll(async () => (await get('/ph/x')).text).toBe('alive')
  }

  test.each(PATHS)('%s shows nothing', async (target) => {
    const { status, text } = await get(target)
    expect([400, 403, 404]).toContain(status)
    expect(text).not.toContain('SECRET')
  })

  test('attributes without an end', async () => {
    expect((await get(`/pub/things/endless${'/a'.repeat(3000)}`)).text).toBe('endless')
    expect((await get(`/pub/things/text${'/a'.repeat(3000)}`)).status).toBe(404)
    expect((await get(`/pub/things/endless${'/a'.repeat(500_000)}`)).status).toBe(414)
  })

  test('session cookies that nobody has issued', async () => {
    const ids = ['x'.repeat(7000), '../../outside', '%00', 'a'.repeat(32), "' or 1=1", '\u00ff']
    for (const id of ids) {
      const answer = await get('/pub/things/hits', [['Cookie', `pysid=${id}`]])
      expect([answer.status, answer.text]).toEqual([200, '1'])
      expect(answer.header('set-cookie')).toMatch(/^pysid=[0-9a-f]{32}; /)
      expect(answer.header('set-cookie')).not.toContain('a'.repeat(32))
    }
  })

  test('signatures that are forged', async () => {
    const forged = `name=${'0'.repeat(32)}value`
    expect((await get('/pub/things/signed', [['Cookie', forged]])).text).toBe(
      `Cookie ${'0'.repeat(32)}value`,
    )
    for (const cookie of [forged, 'name=', 'name=é', `name=${'f'.repeat(32)}YwAAAA==`]) {
      const answer = await get('/pub/things/marshalled', [['Cookie', cookie]])
      expect(answer.status).toBe(200)
      expect(answer.text).toMatch(/^Cookie /)
    }
  })

  test('header fields that would be two', async () => {
    for (const name of ['injects', 'cookie'])
      for (const value of ['a%0d%0aX-Other:b', 'a%0aX-Other:b', 'a%0dX-Other:b', 'a%00b']) {
        const answer: RawResponse = await get(`/pub/things/${name}?value=${value}`)
        expect(answer.status).toBe(500)
        expect(answer.header('x-other')).toBeUndefined()
      }
  })

  test('bodies that nobody reads', async () => {
    const browser = new Browser(site.url)
    const large = new Uint8Array(3_000_000)
    expect((await browser.visit('/ph/x', { body: large })).text).toBe('alive')
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    expect((await browser.visit('/pub/things/text', { body: large, headers: form })).text).toBe(
      'shown',
    )
  })

  test('forms that are none', async () => {
    const bodies = ['', '--XX', '--XX\r\n', `--XX\r\n${'a'.repeat(100_000)}`, '--XX\r\n\r\n--XX--']
    for (const body of bodies) {
      const answer = await fetchRaw(site.url, {
        method: 'POST',
        target: '/pub/things/ignores',
        headers: [['Content-Type', 'multipart/form-data; boundary=XX']],
        body,
      })
      expect([200, 400, 413]).toContain(answer.status)
    }
    const many = `${'a=1&'.repeat(100_000)}b=2`
    const answer = await fetchRaw(site.url, {
      method: 'POST',
      target: '/pub/things/ignores',
      headers: [['Content-Type', 'application/x-www-form-urlencoded']],
      body: many,
    })
    expect([200, 413]).toContain(answer.status)
  })

  test('recursion is an error of one request', async () => {
    expect((await get('/pub/things/again')).status).toBe(500)
    expect((await get('/ph/x?recurses-handler')).status).toBe(500)
    expect((await get('/ph/x?recurses-access')).status).toBe(500)
    expect((await get('/ph/x?recurses-log')).text).toBe('alive')
    await expectAlive()
  })

  test.each([...PHASES, 'handler'])('the end of a program in the phase %s', async (phase) => {
    expect((await get(`/ph/x?exit-${phase}`)).status).toBe(200)
    await expectAlive()
  })

  test.each(['access', 'handler', 'log'])('the end of a process in the phase %s', async (phase) => {
    const { status } = await get(`/ph/x?dies-${phase}`)
    expect(phase === 'log' ? [200, 502] : [502, 503]).toContain(status)
    await expectAlive()
  })

  test('a handler that never returns', async () => {
    using connection = await openRaw(site.url)
    connection.send('GET /ph/x?hangs HTTP/1.1\r\nHost: a\r\n\r\n')
    await expectAlive()
    expect(connection.received).toBe(0)
  })
})
