import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import { expect, test } from 'vitest'

import { PYTHON } from '../applications/support/site.ts'
import { listBlocks } from '../docs/blocks.ts'
import { runTaipan, startTaipan } from '../support/cli.ts'
import { createProject } from '../support/project.ts'
import { fetchRaw } from '../support/raw-client.ts'

const run = promisify(execFile)

function blockOf(language: string, part: string): string {
  const found = listBlocks().find(
    (block) =>
      block.place.startsWith('docs/access.md:') &&
      block.language === language &&
      block.text.includes(part),
  )
  if (found === undefined) throw new Error(`docs/access.md has no block with ${part}`)
  return found.text
}

function basic(user: string, password: string): readonly [string, string] {
  return ['Authorization', `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`]
}

const ANN = basic('ann', 'open sesame')

const DJANGO = `
import os
from django.conf import settings
from django.core.wsgi import get_wsgi_application
settings.configure(
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "users.db"}},
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    ROOT_URLCONF="none",
)
application = get_wsgi_application()
`

const FILL_DATABASE = `
import site_app
from django.contrib.auth.models import Group, User
from django.core.management import call_command
call_command("migrate", verbosity=0)
User.objects.create_user("bob", password="a:b")
User.objects.create_user("ann", password="a:b").groups.add(Group.objects.create(name="staff"))
`

test.each(['daemon', 'embedded'])('the functions of the documentation, %s', async (engine) => {
  using project = createProject({
    'taipan.config.ts': blockOf('ts', 'checkPassword')
      .replace("path: '/private',", "path: '/private', match: '*.txt',")
      .replace(
        'routes: [',
        "apps: { tell: { target: 'tell:application' } },\n  routes: [\n    { path: '/', app: 'tell' },",
      ),
    'tell.py':
      'def application(environ, start_response):\n    start_response("200 OK", [])\n    return [b"told"]\n',
    'private/a.txt': 'a secret',
  })
  const args = ['-e', engine, '-b', '127.0.0.1:0', '--python', PYTHON]
  await using taipan = await startTaipan(args, { cwd: project.folder })
  const get = async (target: string, ...headers: (readonly [string, string])[]) => {
    const { status, text } = await fetchRaw(taipan.url, { target, headers })
    return `${status} ${text.trim()}`
  }
  expect(await get('/private/a.txt')).toBe('401 Unauthorized')
  expect(await get('/private/a.txt', ANN)).toBe('200 a secret')
  expect(await get('/private/a.txt', basic('bob', 'open sesame'))).toBe('401 Unauthorized')
  expect(await get('/private/a', ANN)).toBe('200 told')
})

test('the script and the routes of the documentation, with urllib as a client', async () => {
  const routes = blockOf('ts', 'cellar')
  using project = createProject({
    'taipan.config.ts': `export default { apps: { metrics: { target: 'tell:application' } }, ${routes.replace(
      '[\n',
      "[\n  { path: '/digest', static: 'private', auth: { type: 'digest', realm: 'staff', script: 'auth.py' } },\n",
    )} }`,
    'auth.py': blockOf('python', 'allow_access'),
    'access.py': blockOf('python', 'allow_access'),
    'tell.py':
      'def application(environ, start_response):\n    start_response("200 OK", [])\n    return [b"told"]\n',
    'private/a.txt': 'a secret',
    'cellar/a.txt': 'a barrel',
  })
  const args = ['-b', '127.0.0.1:0', '--python', PYTHON]
  await using taipan = await startTaipan(args, { cwd: project.folder })
  const get = async (target: string) =>
    (await fetchRaw(taipan.url, { target, headers: [ANN] })).text.trim()
  expect(await get('/private/a.txt')).toBe('a secret')
  expect(await get('/cellar/a.txt')).toBe('a barrel')
  expect(await get('/metrics')).toBe('told')
  const client = `
import sys, urllib.request as request
passwords = request.HTTPPasswordMgr()
passwords.add_password("staff", sys.argv[1], "ann", "open sesame")
opener = request.build_opener(request.HTTPDigestAuthHandler(passwords))
print([opener.open(sys.argv[1] + "/digest/a.txt?" + str(turn)).read() for turn in range(3)])
`
  const { stdout } = await run(PYTHON, ['-c', client, taipan.url])
  expect(stdout.trim()).toBe("[b'a secret', b'a secret', b'a secret']")
})

test("the functions that Django has for mod_wsgi, beside the application's own", async () => {
  using project = createProject({
    'taipan.config.json': JSON.stringify({
      bind: '127.0.0.1:0',
      apps: { site: { target: 'site_app:application' } },
      routes: [
        { path: '/', app: 'site' },
        {
          path: '/files',
          static: 'files',
          auth: { realm: 'x', script: 'auth.py', require: { group: 'staff' } },
        },
      ],
    }),
    'files/a.txt': 'a secret',
    'auth.py': 'from django.contrib.auth.handlers.modwsgi import check_password, groups_for_user\n',
    'site_app.py': DJANGO,
  })
  await run(PYTHON, ['-c', FILL_DATABASE], { cwd: project.folder })
  await using taipan = await startTaipan(['--python', PYTHON], { cwd: project.folder })
  const get = async (user: string, password: string) =>
    (await fetchRaw(taipan.url, { target: '/files/a.txt', headers: [basic(user, password)] }))
      .status
  expect(await get('ann', 'a:b')).toBe(200)
  expect(await get('ann', 'x')).toBe(401)
  expect(await get('bob', 'a:b')).toBe(401)
  expect(await get('nobody', 'x')).toBe(401)
})

test('an application that cannot be loaded ends the start, though its guard could be', async () => {
  using project = createProject({
    'taipan.config.json': JSON.stringify({
      bind: '127.0.0.1:0',
      apps: { broken: { target: 'broken:app' } },
      routes: [{ path: '/', app: 'broken', access: 'access.py' }],
    }),
    'broken.py': 'raise LookupError("no")',
    'access.py': 'def allow_access(environ, host):\n    return True\n',
  })
  const { exitCode, output } = await runTaipan(['serve', '--python', PYTHON], {
    cwd: project.folder,
  })
  expect([exitCode, output]).toEqual([3, expect.stringContaining('LookupError: no')])
})

test('failures are told in the log, and at the start', async () => {
  using project = createProject({
    'taipan.config.json': JSON.stringify({
      bind: '127.0.0.1:0',
      routes: [
        { path: '/one', static: '.', access: 'one.py' },
        { path: '/two', static: '.', auth: { realm: 'staff', script: 'two.py' } },
      ],
    }),
    'one.py': 'def allow_access(environ, host):\n    return "yes"\n',
    'two.py': 'def check_passwd(environ, user, password):\n    return True\n',
  })
  await using taipan = await startTaipan(['--python', PYTHON], { cwd: project.folder })
  await taipan.waitForOutput(/two\.py has no function check_password/)
  expect((await fetchRaw(taipan.url, '/one/x')).status).toBe(500)
  const request = { target: '/two/x', headers: [ANN] }
  expect((await fetchRaw(taipan.url, request)).status).toBe(500)
  await taipan.waitForOutput(
    /allow_access must return True, False or None; it returned an object of type str/,
  )
  await taipan.waitForOutput(/a request was refused, .*: one\.py did not answer: it ended with 500/)
  expect(taipan.output).not.toContain('open sesame')
  const { output } = await runTaipan(['check', '--python', PYTHON], { cwd: project.folder })
  expect(output).toMatch(/one\.py\n.*yes, a script with allow_access/)
  expect(output).toMatch(/two\.py has no function check_password/)
})
