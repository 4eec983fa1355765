import { execFileSync } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTaipan, type RunningTaipan } from '../support/cli.ts'
import { createProject, type Project } from '../support/project.ts'
import { PYTHON } from './support/site.ts'

const CSS = 'static/admin/css/base.css'

let project: Project

beforeAll(() => {
  project = createProject()
  runDjango('startproject', 'project', '.')
})

afterAll(() => {
  project[Symbol.dispose]()
})

function runDjango(...args: string[]): void {
  execFileSync(PYTHON, ['-m', 'django', ...args], {
    cwd: project.folder,
    env: { ...process.env, DJANGO_SETTINGS_MODULE: '' },
  })
}

function manage(...args: string[]): void {
  execFileSync(PYTHON, ['manage.py', ...args], { cwd: project.folder, stdio: 'ignore' })
}

async function serve(...args: string[]): Promise<RunningTaipan & AsyncDisposable> {
  const server = await startTaipan([...args, '-b', '127.0.0.1:0', '--python', PYTHON], {
    cwd: project.folder,
  })
  return Object.assign(server, {
    [Symbol.asyncDispose]: async () => {
      await server.stop()
    },
  })
}

describe.each(['daemon', 'embedded'])('%s', (engine) => {
  test.each([['.'], ['project.wsgi:application'], ['project.asgi:application']])(
    '--dev serves what the finders find: %s',
    async (target) => {
      await using server = await serve(target, '--dev', '-e', engine)
      const answer = await fetch(`${server.url}/${CSS}`)
      expect(answer.status).toBe(200)
      expect(answer.headers.get('content-type')).toMatch(/^text\/css/)
      expect(await answer.text()).toContain('DJANGO')
      expect((await fetch(`${server.url}/static/nothing.css`)).status).toBe(404)
      expect((await fetch(`${server.url}/static/..%2f..%2fsettings.py`)).status).toBe(404)
      const page = await (await fetch(`${server.url}/admin/login/`)).text()
      expect(page).toContain(`href="/${CSS}"`)
    },
  )

  test.each([['project.wsgi:application'], ['project.asgi:application']])(
    '--dev below a mount point: %s',
    async (target) => {
      await using server = await serve(target, '--dev', '-e', engine, '--mount', '/shop')
      const page = await (await fetch(`${server.url}/shop/admin/login/`)).text()
      expect(page).toContain(`href="/shop/${CSS}"`)
      expect((await fetch(`${server.url}/shop/${CSS}`)).status).toBe(200)
    },
  )
})

test('without --dev and without STATIC_ROOT the log says what to do', async () => {
  await using server = await serve('.')
  expect((await fetch(`${server.url}/${CSS}`)).status).toBe(404)
  await server.waitForOutput(/static files below static\/ are not served: set STATIC_ROOT and run/)
})

describe('with a folder in STATIC_ROOT', () => {
  beforeAll(() => {
    appendFileSync(
      join(project.folder, 'project/settings.py'),
      `
STATIC_ROOT = BASE_DIR / "collected"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
}
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
`,
    )
  })

  test('the log says that it has to be filled', async () => {
    await using server = await serve('.')
    await server.waitForOutput(/STATIC_ROOT\) does not exist; run 'python manage.py collectstatic'/)
  })

  test.each([
    ['daemon', '/'],
    ['embedded', '/'],
    ['daemon', '/shop'],
  ])('its files are served without Python: %s at %s', async (engine, mount) => {
    manage('collectstatic', '--noinput')
    await using server = await serve('.', '-e', engine, '--mount', mount)
    const base = `${server.url}${mount === '/' ? '' : mount}`
    await server.waitForOutput(/static files below static\/ come from \S+collected \(STATIC_ROOT\)/)

    const plain = await fetch(`${base}/${CSS}`)
    expect(plain.status).toBe(200)
    expect(plain.headers.get('etag')).not.toBeNull()
    expect(plain.headers.get('cache-control')).toBeNull()

    const page = await (await fetch(`${base}/admin/login/`)).text()
    const [, path = ''] = /href="(\S+admin\/css\/base\.[0-9a-f]{12}\.css)"/.exec(page) ?? []
    const hashed = await fetch(`${server.url}${path}`)
    expect(hashed.status).toBe(200)
    expect(hashed.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    await server.waitForOutput(/GET \S+base\.[0-9a-f]{12}\.css 200 .* static /)

    expect((await fetch(`${base}/static/nothing.css`)).status).toBe(404)
  })
})
