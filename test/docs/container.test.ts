import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { PYTHON } from '../applications/support/site.ts'
import { launchTaipan, ROOT } from '../support/cli.ts'
import { DEADLINE } from '../support/deadlines.ts'
import { findFreePort } from '../support/free-port.ts'
import { listBlocks } from './blocks.ts'

function read(file: string): string {
  return listBlocks().find(({ marks }) => marks.get('file') === file)?.text ?? ''
}

/** Words of an instruction in its list form, which needs no shell. */
function readWords(dockerfile: string, instruction: string): string[] {
  const [, list = '[]'] = new RegExp(`^${instruction} (\\[.*\\])$`, 'm').exec(dockerfile) ?? []
  return JSON.parse(list)
}

test('the command of the image answers its own health check and the probes of Kubernetes', async () => {
  const [shop, probes] = [await findFreePort(), await findFreePort()]
  const move = (word: string): string =>
    word.replace('0.0.0.0:8000', `127.0.0.1:${shop}`).replace(/(?:0\.0\.0\.0|127\.0\.0\.1):9100/, `127.0.0.1:${probes}`)
  const dockerfile = read('container/Dockerfile')
  const [program, ...words] = readWords(dockerfile, 'CMD').map(move)
  const [checker = '', ...check] = readWords(dockerfile, 'HEALTHCHECK CMD').map(move)
  const isHealthy = (): boolean => spawnSync(checker, check, { stdio: 'ignore' }).status === 0
  expect(program).toBe('node_modules/.bin/taipan')
  expect(dockerfile).toMatch(/^USER \d+$/m)
  expect(isHealthy()).toBe(false)

  await using taipan = launchTaipan(words, {
    cwd: join(ROOT, 'test/fixtures/docs/site'),
    env: { TAIPAN_PYTHON: PYTHON },
  })
  await taipan.waitForUrl()
  expect(await (await fetch(taipan.url)).text()).toBe('Hello from Python\n')
  await expect.poll(isHealthy, { timeout: DEADLINE }).toBe(true)

  const manifest = read('kubernetes/shop.yaml')
  const ports: Record<string, number> = { http: shop, probes }
  const asked = [...manifest.matchAll(/httpGet: \{ path: (\S+), port: (\S+) \}/g)]
  expect(asked).toHaveLength(3)
  for (const [, path = '', port = ''] of asked) {
    const { status } = await fetch(`http://127.0.0.1:${ports[port]}${path}`)
    expect(status, path).toBe(200)
  }
})
