import { chmodSync, existsSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { startTaipan } from '../support/cli.ts'
import { createProject } from '../support/project.ts'
import { fetchRaw, formatRequest, openRaw, pollUntil } from '../support/raw-client.ts'

const PROGRAMS = {
  'cgi/env': '#!/bin/sh\necho "Content-Type: text/plain"\necho\nenv\npwd\ncat\n',
  'cgi/perl': '#!/usr/bin/perl\nprint "Status: 404 Nope\\nContent-Type: a/b\\n\\nperl";\n',
  'cgi/python': '#!/usr/bin/env python3\nprint("Content-Type: a/b\\n\\npython", end="")\n',
  'cgi/local': '#!/bin/sh\necho "Location: /cgi/env/x?from=local"\necho\n',
  'cgi/loop': '#!/bin/sh\necho "Location: /cgi/loop"\necho\n',
  'cgi/client': '#!/bin/sh\necho "Status: 303"\necho "Location: /x"\necho\n',
  'cgi/nph-raw': '#!/bin/sh\nprintf "HTTP/1.0 299 Fine\\r\\nX-A: b\\r\\n\\r\\nraw"\n',
  'cgi/silent': '#!/bin/sh\n( sleep 60 ) &\nexec sleep 60\n',
  'cgi/malformed': '#!/bin/sh\necho wrong >&2\necho hello\n',
  'cgi/unread': '#!/bin/sh\nprintf "Content-Type: a/b\\n\\nwhole"\n',
  'cgi/endless': `#!/bin/sh
trap 'touch stopped; exit' TERM
echo $$ > pid
echo "Content-Type: text/plain"
echo
while :; do echo 0123456789012345678901234567890123456789; done
`,
  'site/here.cgi': '#!/bin/sh\nprintf "Content-Type: a/b\\n\\n$SCRIPT_NAME $PATH_INFO"\n',
  'site/local.py': 'print("Location: /cgi/env?by=script\\n")',
  'site/client.py': 'print("Status: 302\\nLocation: /x\\n")',
  'taipan.config.json': JSON.stringify({
    routes: [
      { path: '/cgi', cgi: 'cgi', timeout: '2s', processes: 2, env: { MINE: 'yes' } },
      { path: '/', scripts: 'site' },
    ],
  }),
}

test('CGI programs are run', async () => {
  using project = createProject({ ...PROGRAMS, 'cgi/forbidden': '#!/bin/sh\n' })
  const { folder } = project
  for (const name of Object.keys(PROGRAMS))
    if (!name.endsWith('.json')) chmodSync(join(folder, name), 0o755)
  await using taipan = await startTaipan(['-b', '127.0.0.1:0'], { cwd: folder })
  const get = async (target: string) => {
    const answer = await fetchRaw(taipan.url, { target })
    return `${answer.status} ${answer.headers('location').join() || answer.text}`
  }
  const headers = [
    ['Authorization', 'Basic x'],
    ['Proxy', 'x'],
    ['X-Two', 'a'],
    ['X-Two', 'b'],
  ] as const
  const target = '/cgi/env/a%20b?q=1'
  const { text } = await fetchRaw(taipan.url, { target, method: 'POST', body: 'body', headers })
  for (const line of [
    'GATEWAY_INTERFACE=CGI/1.1',
    'SCRIPT_NAME=/cgi/env',
    'PATH_INFO=/a b',
    `PATH_TRANSLATED=${join(folder, 'cgi/a b')}`,
    `SCRIPT_FILENAME=${join(folder, 'cgi/env')}`,
    'QUERY_STRING=q=1',
    'CONTENT_LENGTH=4',
    'HTTP_X_TWO=a,b',
    'MINE=yes',
    join(folder, 'cgi'),
    'body',
  ])
    expect(text.split('\n')).toContain(line)
  const outside = await get('/cgi/env/%2e%2e/secret')
  expect(outside).toContain('PATH_INFO=/../secret\n')
  expect(outside).not.toContain('PATH_TRANSLATED')
  expect(text).not.toMatch(/HTTP_AUTHORIZATION|HTTP_PROXY|TAIPAN|HOME=/)
  expect(await get('/cgi/perl')).toBe('404 perl')
  expect(await get('/cgi/python')).toBe('200 python')
  expect(await get('/cgi/nph-raw')).toBe('299 raw')
  expect(await get('/cgi/client')).toBe('303 /x')
  expect(await get('/cgi/local')).toMatch(/^200 [^]*QUERY_STRING=from=local/)
  expect(await get('/local.py')).toMatch(/^200 [^]*QUERY_STRING=by=script/)
  expect(await get('/client.py')).toBe('302 /x')
  expect(await get('/cgi/loop')).toBe('500 Internal Server Error\n')
  expect(await get('/cgi/malformed')).toBe('502 Bad Gateway\n')
  expect(await get('/cgi/forbidden')).toBe('403 Forbidden\n')
  expect(await get('/cgi/none')).toBe('404 Not Found\n')
  expect(await get('/here.cgi/more')).toBe('200 /here.cgi /more')
  expect(await get('/cgi/silent')).toBe('504 Gateway Timeout\n')
  const unread = { target: '/cgi/unread', method: 'POST', body: Buffer.alloc(3_000_000) }
  expect((await fetchRaw(taipan.url, unread)).text).toBe('whole')
  await taipan.waitForOutput(/wrong/)
  await taipan.waitForOutput(/no output for 2000 ms/)
  expect((await taipan.stop()).exitCode).toBe(0)
})

test('a CGI program ends when its client leaves, and before the server does', async () => {
  using project = createProject(PROGRAMS)
  const { folder } = project
  chmodSync(join(folder, 'cgi/endless'), 0o755)
  await using taipan = await startTaipan(['-b', '127.0.0.1:0'], { cwd: folder })
  const connection = await openRaw(taipan.url)
  connection.send(formatRequest({ target: '/cgi/endless' }))
  await pollUntil(() => connection.received > 100_000 || undefined, 'output')
  connection.destroy()
  await pollUntil(() => existsSync(join(folder, 'cgi/stopped')) || undefined, 'the end')
  expect((await taipan.stop()).exitCode).toBe(0)
})
