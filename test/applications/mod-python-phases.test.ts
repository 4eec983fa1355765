import { writeFileSync } from 'node:fs'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { createProject } from '../support/project.ts'
import { Browser } from './support/browser.ts'
import { describeUse, ENGINES, type EngineUse } from './support/engines.ts'
import { startSite, type Site } from './support/site.ts'

const HANDLERS = `
import os, sys, time
from mod_python import apache
import words

def accesshandler(req):
    return apache.HTTP_FORBIDDEN if req.args == 'closed' else apache.OK

def authenhandler(req):
    password = req.get_basic_auth_pw()
    return apache.OK if password == 'secret' else apache.HTTP_UNAUTHORIZED

def handler(req):
    req.content_type = 'text/plain'
    if req.args == 'files':
        return apache.DECLINED
    if req.args == 'fails':
        raise KeyError('hidden')
    if req.args == 'waits':
        req.register_cleanup(wait, req.document_root() + '/go')
    body = req.read() if req.method == 'POST' else b''
    req.write(f'{words.TEXT} {req.user} {body}\\n')
    if req.args == 'large':
        for number in range(40):
            req.write(str(number % 10) * 65536)
    return apache.OK

def wait(path):
    while not os.path.exists(path):
        time.sleep(0.01)
    os.remove(path)
    print('the cleanup is over', file=sys.stderr)

def loghandler(req):
    req.log_error(f'logged {req.status} {req.uri} {req.args}')
    return apache.OK

def inputfilter(filter):
    data = filter.read()
    while data:
        filter.write(data[::-1])
        data = filter.read()
    if data is None:
        filter.close()

def outputfilter(filter):
    data = filter.read()
    while data:
        filter.write(data.upper())
        data = filter.read()
    if data is None:
        filter.close()
`
const LEVELS = ['shared', 'process', 'fresh'] as const
const SITE = {
  handler: 'site',
  directory: 'site',
  path: ['lib'],
  phases: { access: 'site', log: 'site' },
}
const ROUTES = [
  {
    path: '/asks',
    modPython: {
      ...SITE,
      phases: { ...SITE.phases, authen: 'site' },
      auth: { realm: 'staff', require: ['user eva'] },
    },
  },
  { path: '/filters', modPython: { ...SITE, filters: { input: 'site', output: 'site' } } },
]
const ALL: readonly EngineUse[] = [
  { engine: 'daemon' },
  { engine: 'embedded', threads: 2 },
  { engine: 'embedded', threads: 0 },
]
const USES = ALL.filter(({ engine }) => ENGINES.includes(engine))

function basic(user: string, password: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` }
}

describe.each(USES.map((use) => [describeUse(use), use] as const))('%s', (_, use) => {
  // Other levels need processes of their own.
  const levels = LEVELS.filter((level) => use.engine === 'daemon' || level === 'shared')
  let project: ReturnType<typeof createProject>
  let site: Site
  let browser: Browser

  beforeAll(async () => {
    project = createProject({
      'site/site.py': HANDLERS,
      'site/file.html': 'a file',
      'lib/words.py': 'TEXT = "word"',
    })
    const routes = [
      ...levels.map((isolation) => ({ path: `/${isolation}`, modPython: SITE, isolation })),
      ...ROUTES,
    ]
    project.write('taipan.config.json', JSON.stringify({ routes }))
    site = await startSite({ args: ['--config', project.path('taipan.config.json')], use })
    browser = new Browser(site.url)
  })
  afterAll(async () => {
    await site.stop()
    project[Symbol.dispose]()
  })

  test.each(levels)('phases at the level %s', async (level) => {
    const visit = async (rest: string) => await browser.visit(`/${level}${rest}`)
    expect((await visit('/x')).text).toBe("word None b''\n")
    const refused = await visit('/x?closed')
    expect([refused.status, refused.text]).toEqual([403, 'Forbidden\n'])
    await site.waitForOutput(new RegExp(`logged 403 /${level}/x closed`))
    expect((await visit('/file.html?files')).text).toBe('a file')
    expect((await visit('/site.py?files')).status).toBe(404)
    expect((await visit('/x?large')).text).toHaveLength(14 + 40 * 65_536)
    const failed = await visit('/x?fails')
    expect([failed.status, failed.text]).toEqual([500, 'Internal Server Error\n'])
    await site.waitForOutput(/PythonHandler site: KeyError: 'hidden'/)
    await site.waitForOutput(new RegExp(`logged 500 /${level}/x fails`))
  })

  test('an authen handler', async () => {
    const asked = await browser.visit('/asks/x')
    expect([asked.status, asked.headers.get('www-authenticate')]).toEqual([
      401,
      'Basic realm="staff"',
    ])
    const given = async (user: string, password: string) =>
      await browser.visit('/asks/x', { headers: basic(user, password) })
    expect((await given('eva', 'secret')).text).toBe("word eva b''\n")
    expect((await given('eva', 'wrong')).status).toBe(401)
    expect((await given('adam', 'secret')).status).toBe(401)
  })

  test('filters', async () => {
    const answer = await browser.visit('/filters/x', { body: 'abc' })
    expect(answer.text).toBe("WORD NONE B'CBA'\n")
    expect((await browser.visit('/filters/file.html?files')).text).toBe('A FILE')
    expect((await browser.visit('/filters/x?large')).text).toHaveLength(14 + 40 * 65_536)
  })

  test('what has changed is imported anew', async () => {
    project.write('lib/words.py', 'TEXT = "other"')
    expect((await browser.visit('/asks/x', { headers: basic('eva', 'secret') })).text).toBe(
      "other eva b''\n",
    )
  })

  test.runIf(use.threads !== 0)('cleanups run when the client has its answer', async () => {
    const answer = await browser.visit('/shared/x?waits')
    expect(answer.text).toMatch(/^\w+ None b''\n$/)
    writeFileSync(project.path('site/go'), '')
    await site.waitForOutput(/the cleanup is over/)
  })
})
