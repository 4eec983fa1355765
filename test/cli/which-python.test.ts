import { execFileSync } from 'node:child_process'
import { chmodSync, readFileSync, symlinkSync, unlinkSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

import { PYTHON } from '../support/backend-lab.ts'
import { runTaipan, startTaipan, withoutRoot } from '../support/cli.ts'
import { createProject, type Project } from '../support/project.ts'
import { DEADLINE } from '../support/deadlines.ts'

const PREFIX = `
import sys
def application(environ, start_response):
    start_response("200 OK", [])
    return [sys.prefix.encode()]
`
const SERVE = ['-b', '127.0.0.1:0', '-p', '1']

function makeEnvironment(project: Project, name: string): string {
  execFileSync('python3', ['-m', 'venv', '--without-pip', project.path(name)])
  return project.path(name)
}

async function ask(url: string): Promise<string> {
  return await (await fetch(url, { signal: AbortSignal.timeout(DEADLINE) })).text()
}

describe.each(['daemon', 'embedded'])('which Python, %s:', (engine) => {
  test('the .venv above the target, up to the root of its project', async () => {
    using project = createProject({ 'proj/requirements.txt': '', 'proj/src/web/app.py': PREFIX })
    using elsewhere = createProject()
    const environment = makeEnvironment(project, 'proj/.venv')
    for (const target of ['proj/src/web/app.py:application', 'proj/src/web:application']) {
      const words = [project.path(target), '-e', engine, ...SERVE]
      const options = { cwd: elsewhere.folder, env: { VIRTUAL_ENV: undefined } }
      const taipan = await startTaipan(words, options)
      expect(await ask(taipan.url)).toBe(environment)
      expect(withoutRoot(taipan.output)).not.toContain('warning')
      await taipan.stop()
    }
  })

  test('a broken one is passed over with a warning, once', async () => {
    using project = createProject({ 'setup.py': '', 'app.py': PREFIX })
    makeEnvironment(project, '.venv')
    unlinkSync(project.path('.venv/bin/python'))
    symlinkSync('/nowhere/python3', project.path('.venv/bin/python'))
    const env = { VIRTUAL_ENV: project.path('gone') }
    const words = ['app.py', '-e', engine, ...SERVE]
    const taipan = await startTaipan(words, { cwd: project.folder, env })
    const warnings = taipan.output.match(/^.* (?:warn|warning) .*taking .*$/gm) ?? []
    expect(warnings).toEqual([
      expect.stringContaining(`gone/bin/python (VIRTUAL_ENV) does not exist; taking /`),
      expect.stringContaining(`.venv/bin/python (.venv in ${project.folder}) does not exist;`),
    ])
    await taipan.stop()
  })

  test('a missing module is told with the Python that ran, and never to be installed when it is there', async () => {
    using project = createProject({
      'pyproject.toml': '',
      'app.py': 'import shop',
      'backend/shop/models.py': '',
      'other.py': 'import gone_for_ever',
    })
    const env = { VIRTUAL_ENV: makeEnvironment(project, 'taken') }
    makeEnvironment(project, '.venv')
    const run = async (target: string): Promise<string> => {
      const words = ['serve', target, '-e', engine, ...SERVE]
      const { exitCode, output } = await runTaipan(words, { cwd: project.folder, env })
      expect(exitCode).toBe(3)
      return output
    }
    const own = await run('app.py')
    expect(own).toContain(
      `No module named 'shop'; the Python is ${project.path('taken/bin/python')}`,
    )
    expect(own).toContain('backend/shop is there: --app-dir backend makes it importable')
    expect(own).not.toContain('pip install')
    const foreign = await run('other.py')
    expect(foreign).toContain(`${project.path('.venv')} was not taken, --python .venv selects it`)
    expect(await run('shop.web:app')).toContain('--app-dir backend')
  })
})

test.each([
  [
    ['-e', 'daemon', '-p', '2'],
    ['-I', 'taipan.worker', 'taipan.worker'],
  ],
  [
    ['-e', 'embedded', '-p', '2'],
    ['-I', 'taipan.embedded.embeddability', 'taipan.embedded.embeddability'],
  ],
])('%j: Python is verified once, and not again by each process', async (words, runs) => {
  const record = 'case "$1" in -I) echo "$1";; *) echo "$2";; esac >>"$0.log"'
  using project = createProject({
    'app.py': PREFIX,
    'python.sh': `#!/bin/sh\n${record}\nexec ${PYTHON} "$@"\n`,
  })
  const python = project.path('python.sh')
  chmodSync(python, 0o755)
  const taipan = await startTaipan(['app.py', '-b', '127.0.0.1:0', '--python', python, ...words], {
    cwd: project.folder,
  })
  await taipan.stop()
  expect(readFileSync(`${python}.log`, 'utf8').trim().split('\n')).toEqual(runs)
})
