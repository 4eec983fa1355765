import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { PYTHON } from '../applications/support/site.ts'
import { launchTaipan, ROOT } from '../support/cli.ts'
import { findFreePort } from '../support/free-port.ts'
import { createProject } from '../support/project.ts'
import { listBlocks } from './blocks.ts'

const ANALYZE = '/usr/bin/systemd-analyze'
const ACTIVATE = '/usr/bin/systemd-socket-activate'
const INSTALLED = '/srv/shop/node_modules/.bin/taipan'

test.skipIf(!existsSync(ANALYZE))('systemd accepts every line of the units', () => {
  using project = createProject()
  const units = listBlocks().filter(({ marks }) => marks.get('file')?.startsWith('units/'))
  expect(units).toHaveLength(2)
  for (const { marks, text } of units)
    project.write(marks.get('file') ?? '', text.replace(INSTALLED, process.execPath))
  const files = units.map(({ marks }) => project.path(marks.get('file') ?? ''))
  // Unknown lines are only warnings.
  const output = execFileSync('/bin/sh', ['-c', '"$@" 2>&1', 'sh', ANALYZE, 'verify', ...files], {
    encoding: 'utf8',
  })
  expect(output).toBe('')
})

test.skipIf(!existsSync(ACTIVATE))('the command of the unit serves a socket of systemd', async () => {
  const unit = listBlocks().find(({ marks }) => marks.get('file') === 'units/shop.service')
  const words = /^ExecStart=\S+ (.*)$/m.exec(unit?.text ?? '')?.[1]?.split(' ') ?? []
  expect(words).toContain('shop.wsgi:application')
  const port = await findFreePort()
  const main = join(ROOT, 'dist/cli/main.js')
  const args = ['-l', `127.0.0.1:${port}`, '-E', 'TAIPAN_PYTHON', process.execPath, main, ...words]
  const server = launchTaipan(args, {
    command: ACTIVATE,
    cwd: join(ROOT, 'test/fixtures/docs/site'),
    env: { TAIPAN_PYTHON: PYTHON },
  })
  onTestFinished(() => server.kill('SIGKILL'))
  await server.waitForOutput(/Listening on/)
  // The first connection starts the service.
  const answer = await fetch(`http://127.0.0.1:${port}/`)
  expect(await answer.text()).toBe('Hello from Python\n')
  const { exitCode, output } = await server.stop()
  expect(exitCode, output).toBe(0)
})
