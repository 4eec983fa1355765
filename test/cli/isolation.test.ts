import { describe, expect, test } from 'vitest'

import { startTaipan } from '../support/cli.ts'
import { createProject } from '../support/project.ts'
import { findWithInterpreters } from '../support/pythons.ts'
import { fetchRaw } from '../support/raw-client.ts'

const SITE = {
  'site/flags.wsgi': `
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [" ".join(str(environ["wsgi." + key]) for key in ("multithread", "multiprocess", "run_once")).encode()]
`,
  'site/state.py': 'RUNNING = []\nSEEN = []',
  // How many requests run in the process at the same time, and what module and process keep.
  'site/alone.py': `
import os, state, time
state.RUNNING.append(1)
state.SEEN.append(1)
time.sleep(0.02)
print(len(state.RUNNING), os.getpid())
state.RUNNING.pop()
`,
  'site/kept.psp': '<% import state\nstate.SEEN.append(1) %><%= len(state.SEEN) > 1 %>',
  'site/loops.py': 'while True: pass',
  'site/slow.py': 'import time\ntime.sleep(1)\nprint("slow")',
  'site/exits.py': 'import os\nprint("part")\nos._exit(3)',
  'site/late.py':
    'import os\nprint("Content-Type: text/plain\\n\\nfirst", flush=True)\nos._exit(3)',
}

describe.each([
  ['daemon', 'True False False', []],
  ['embedded', 'False False False', ['-e', 'embedded', '-p', '1']],
] as const)('isolation of scripts, %s', (_name, shared, engine) => {
  test('keeps requests apart', async () => {
    const routes = [
      { path: '/', scripts: 'site' },
      { path: '/process', scripts: 'site', isolation: 'process' },
      { path: '/fresh', scripts: 'site', isolation: 'fresh' },
    ]
    using project = createProject({ ...SITE, 'taipan.config.json': JSON.stringify({ routes }) })
    const args = ['-b', '127.0.0.1:0', '--timeout-request', '3s', ...engine]
    await using taipan = await startTaipan(args, { cwd: project.folder })
    const get = async (target: string) => {
      const { status, text, complete } = await fetchRaw(taipan.url, { target })
      return `${status} ${text.trim()}${complete ? '' : ' (cut)'}`
    }
    expect(await get('/flags.wsgi')).toBe(`200 ${shared}`)
    expect(await get('/process/flags.wsgi')).toBe('200 False True False')
    expect(await get('/fresh/flags.wsgi')).toBe('200 False True True')

    const texts = await Promise.all(Array.from({ length: 12 }, () => get('/process/alone.py')))
    expect(texts.map((text) => text.slice(0, 6))).toEqual(Array<string>(12).fill('200 1 '))
    expect(new Set(texts).size).toBeGreaterThan(1)
    await Promise.all(Array.from({ length: 12 }, () => get('/process/kept.psp')))
    expect(await get('/process/kept.psp')).toBe('200 True')

    const fresh = await Promise.all(Array.from({ length: 12 }, () => get('/fresh/alone.py')))
    expect(new Set(fresh).size).toBe(12)
    expect(await get('/fresh/kept.psp')).toBe('200 False')

    const slow = Promise.all(['', '/process', '/fresh'].map((path) => get(`${path}/slow.py`)))
    for (const path of ['/process', '/fresh']) {
      expect(await get(`${path}/exits.py`)).toBe('502 Bad Gateway')
      expect(await get(`${path}/late.py`)).toBe('200 first (cut)')
    }
    await taipan.waitForOutput(/web:process.*code 3/)
    await taipan.waitForOutput(/web:fresh.*ended by exit code 3 before the response was complete/)
    expect(await slow).toEqual(['200 slow', '200 slow', '200 slow'])
    expect((await get('/process/alone.py')).slice(0, 6)).toBe('200 1 ')
    expect((await get('/fresh/alone.py')).slice(0, 6)).toBe('200 1 ')
    const loops = ['/process', '/fresh'].map((path) => get(`${path}/loops.py`))
    expect(await Promise.all(loops)).toEqual(['504 Gateway Timeout', '504 Gateway Timeout'])
    await taipan.waitForOutput(/GET \/fresh\/loops.py.* was ended after/)
    expect(await get('/fresh/kept.psp')).toBe('200 False')
    expect((await taipan.stop()).exitCode).toBe(0)
  })
})

const WITH_INTERPRETERS = findWithInterpreters()

test.skipIf(WITH_INTERPRETERS === undefined)(
  'a sub-interpreter for each thread keeps requests apart',
  async () => {
    const routes = [{ path: '/', scripts: 'site', isolation: 'interpreter' }]
    using project = createProject({
      'taipan.config.json': JSON.stringify({ routes }),
      'site/flags.wsgi': SITE['site/flags.wsgi'],
      'site/state.py': SITE['site/state.py'],
      'site/alone.py': `
import os, state, threading, time
state.RUNNING.append(1)
state.SEEN.append(1)
time.sleep(0.02)
here = os.path.basename(os.getcwd())
print(len(state.RUNNING), here, __name__, threading.current_thread().name, os.getpid())
state.RUNNING.pop()
`,
      'site/spin.py': 'while True:\n    pass',
      'site/refused.py': 'import readline',
      'site/exits.py': 'import os\nos._exit(3)',
    })
    const args = [
      '-b',
      '127.0.0.1:0',
      '--python',
      WITH_INTERPRETERS ?? '',
      '--timeout-request',
      '1s',
    ]
    await using taipan = await startTaipan(args, { cwd: project.folder })
    const get = async (target: string) => {
      const { status, text } = await fetchRaw(taipan.url, { target })
      return `${status} ${text.trim()}`
    }
    expect(await get('/flags.wsgi')).toBe('200 False True False')
    const texts = await Promise.all(Array.from({ length: 24 }, () => get('/alone.py')))
    for (const text of texts) expect(text).toMatch(/^200 1 site __main__ taipan-\d \d+$/)
    expect(new Set(texts).size).toBeGreaterThan(1)

    expect(await get('/spin.py')).toBe('504 Gateway Timeout')
    await taipan.waitForOutput(/spin\.py.*\n.*while True|while True/)
    expect(await get('/refused.py')).toBe('500 Internal Server Error')
    await taipan.waitForOutput(/module readline does not support .*isolation "process"/)
    expect(await get('/exits.py')).toBe('502 Bad Gateway')
    await taipan.waitForOutput(/web:interpreter.*code 3/)
    expect(await get('/flags.wsgi')).toBe('200 False True False')
    expect((await taipan.stop()).exitCode).toBe(0)
  },
)
