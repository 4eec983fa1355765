import { chmodSync } from 'node:fs'

import { expect, test } from 'vitest'

import { serve } from '../../src/index.ts'
import { createProject } from '../support/project.ts'
import { fetchRaw } from '../support/raw-client.ts'

const FILES = {
  'site/raises.py': 'print("lost")\nraise LookupError("secret")',
  'site/nothing.py': 'pass',
  'site/own.py': 'print("Status: 404\\n\\nits own", end="")',
  'site/bare.py': 'print("Status: 404\\n")',
  'site/gone.py': 'from taipan import conn\nconn.return_not_found()',
  'site/failed.py': 'from taipan import conn\nconn.return_internal_error()',
  'site/form.py':
    'import os\nfrom taipan.forms import FieldStorage\nos.environ["CONTENT_TYPE"] = "multipart/form-data"\nFieldStorage()',
  'site/broken.cgi': '#!/bin/sh\necho nonsense',
  'site/plain.cgi': 'not executable',
  'site/page.html': 'file',
  'site/oops.psp':
    '<% import os %><%= "|".join(os.environ["REDIRECT_" + n] for n in ("STATUS", "URL", "ERROR_NOTES")) %>',
  'site/missing.py': `
import os
print("Content-Type: text/plain\\n")
print(os.environ["REDIRECT_STATUS"], os.environ["REDIRECT_URL"], os.environ["REQUEST_METHOD"], end="")
`,
  'site/denied.html': 'denied',
  'tools/act.py': 'def main(conn):\n    raise LookupError("secret")\n',
}

async function start(project: ReturnType<typeof createProject>, dev: boolean) {
  const errorPages = {
    '400': '/oops.psp',
    '403': '/denied.html',
    '404': '/missing.py',
    '405': '/denied.html',
    '500': '/oops.psp',
    '502': '/oops.psp',
  }
  return await serve({
    bind: '127.0.0.1:0',
    processes: 1,
    dev,
    log: { level: 'silent' },
    routes: [
      { path: '/act', handler: project.path('tools/act.py:main'), errorPages },
      { path: '/static', static: project.path('site'), errorPages: { '404': '/nowhere' } },
      { path: '/', scripts: project.path('site'), errorPages },
    ],
  })
}

test('error pages are scripts, pages and files', async () => {
  using project = createProject(FILES)
  chmodSync(project.path('site/broken.cgi'), 0o755)
  await using server = await start(project, false)
  const get = async (target: string, method = 'GET') => {
    const { status, text } = await fetchRaw(server.urls[0] ?? '', { target, method })
    return `${status} ${text}`
  }
  expect(await get('/raises.py?x')).toBe('500 500|/raises.py|Internal Server Error')
  expect(await get('/nothing.py')).toBe('500 500|/nothing.py|Internal Server Error')
  expect(await get('/act/x')).toBe('500 500|/act/x|Internal Server Error')
  expect(await get('/none', 'POST')).toBe('404 404 /none GET')
  expect(await get('/bare.py')).toBe('404 404 /bare.py GET')
  expect(await get('/gone.py')).toBe('404 404 /gone.py GET')
  expect(await get('/failed.py')).toBe('500 500|/failed.py|Internal Server Error')
  expect(await get('/form.py', 'POST')).toBe('400 400|/form.py|Bad Request')
  expect(await get('/own.py')).toBe('404 its own')
  expect(await get('/broken.cgi')).toBe('502 502|/broken.cgi|Bad Gateway')
  expect(await get('/plain.cgi')).toBe('403 denied')
  expect(await get('/page.html', 'POST')).toBe('405 denied')
  expect(await get('/static/none')).toBe('404 Not Found\n')
  project.write('site/missing.py', 'raise LookupError()')
  expect(await get('/none')).toBe('404 Not Found\n')
  const own = await fetchRaw(server.urls[0] ?? '', { target: '/gone.py' })
  expect([own.status, own.headers('x-taipan-stands-in')]).toEqual([404, []])
})

test('with dev they learn the traceback, which browsers see themselves', async () => {
  using project = createProject(FILES)
  await using server = await start(project, true)
  const [url = ''] = server.urls
  const { status, text } = await fetchRaw(url, '/raises.py')
  expect(`${status} ${text}`).toMatch(/^500 500\|\/raises\.py\|[^]*LookupError: secret/)
  const headers = [['Accept', 'text/html']] as const
  const shown = await fetchRaw(url, { target: '/raises.py', headers })
  expect([shown.status, shown.text]).toEqual([500, expect.stringMatching(/^<!doctype html>/i)])
})
