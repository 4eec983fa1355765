import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'

import { startTaipan } from '../support/cli.ts'
import { DEADLINE } from '../support/deadlines.ts'
import { createProject, helloApp } from '../support/project.ts'
import { waitFor } from '../support/replicas.ts'

/** Answers at once, and at `/slow` when there is a file `go`. */
const NEIGHBOUR = `
import os, time
def path(name): return os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
def application(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        open(path("begun"), "w").close()
        while not os.path.exists(path("go")): time.sleep(0.01)
    start_response("200 OK", [])
    return [b"good"]
`

async function get(url: string): Promise<{ status: number; text: string; retryAfter: string }> {
  const response = await fetch(url, {
    headers: { connection: 'close' },
    signal: AbortSignal.timeout(DEADLINE),
  })
  const retryAfter = response.headers.get('retry-after') ?? ''
  return { status: response.status, text: await response.text(), retryAfter }
}

test.each(['daemon', 'embedded'] as const)(
  'a change that ends the process of a broken application cuts nobody, and its correction is served, %s',
  async (engine) => {
    const config = {
      bind: '127.0.0.1:0',
      engine,
      processes: 1,
      threads: 2,
      apps: { broken: { target: 'broken.py' }, good: { target: 'good.py' } },
      routes: ['broken', 'good'].map((app) => ({ path: `/${app}`, app })),
    }
    using project = createProject({
      'broken.py': 'raise ValueError("at first")',
      'good.py': NEIGHBOUR,
      'taipan.config.json': JSON.stringify(config),
    })
    await using taipan = await startTaipan([], { cwd: project.folder })
    const slow = get(`${taipan.url}/good/slow`)
    await waitFor(() => existsSync(project.path('begun')), 'request of the neighbour')
    project.write('broken.py', 'import os; os._exit(5)')
    expect(await get(`${taipan.url}/broken`)).toMatchObject({ status: 503, retryAfter: '1' })
    await taipan.waitForOutput(/error application broken could not be loaded: .* exit code 5/)
    project.write('go', '')
    expect(await slow).toMatchObject({ status: 200, text: 'good' })
    project.write('broken.py', helloApp('mended'))
    await get(`${taipan.url}/broken`)
    await taipan.waitForOutput(/application broken is served now/)
    const isMended = async () => (await get(`${taipan.url}/broken`)).text === 'mended'
    await waitFor(isMended, 'recovery')
    const { output } = await taipan.stop()
    expect(output.match(/Traceback/g)).toHaveLength(1)
    expect(output).not.toMatch(/error worker/)
  },
)
