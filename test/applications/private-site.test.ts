import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { ROOT } from '../support/cli.ts'
import { ENGINES } from './support/engines.ts'
import { PYTHON, startSite, type Site } from './support/site.ts'

const CONFIG = join(ROOT, 'examples/private/taipan.config.ts')

const run = promisify(execFile)

/** Statuses of the answers to requests of one session, with Digest as `requests` does it. */
const REQUESTS = `
import sys, requests
from requests.auth import HTTPDigestAuth
_, url, user, password, count = sys.argv
session = requests.Session()
session.auth = HTTPDigestAuth(user, password)
print([session.get(url).status_code for _ in range(int(count))])
`

describe.each(ENGINES)('the private site, %s', (engine) => {
  let site: Site

  beforeAll(async () => {
    site = await startSite({ args: ['--config', CONFIG, '-w', '2'], use: { engine } })
  })
  afterAll(async () => {
    await site.stop()
  })

  async function curl(target: string, ...args: string[]): Promise<string> {
    const format = ['--silent', '--write-out', ' %{http_code}', ...args]
    const { stdout } = await run('curl', [...format, site.url + target])
    return `${/<h1>(.*)<\/h1>/.exec(stdout)?.[1] ?? 'nothing'}${/ \d+$/.exec(stdout)?.[0]}`
  }

  test('asks for a password', async () => {
    expect(await curl('/')).toBe('The front page 200')
    expect(await curl('/private/')).toBe('nothing 401')
    expect(await curl('/private/absent')).toBe('nothing 401')
    expect(await curl('/private/', '-u', 'ann:open sesame')).toBe('The private page 200')
    expect(await curl('/private/', '-u', 'zoë:über:all')).toBe('The private page 200')
    expect(await curl('/private/', '-u', 'zoë:über')).toBe('nothing 401')
    expect(await curl('/private/', '-u', 'eve:open sesame')).toBe('nothing 401')
  })

  test('lets only keepers into the cellar, and this machine into the rest', async () => {
    expect(await curl('/cellar/', '-u', 'ann:open sesame')).toBe('The cellar 200')
    expect(await curl('/cellar/', '-u', 'zoë:über:all')).toBe('nothing 401')
    expect(await curl('/here/')).toBe('The private page 200')
  })

  test('speaks Digest with curl and requests', async () => {
    expect(await curl('/digest/', '--digest', '-u', 'ann:open sesame')).toBe('The private page 200')
    expect(await curl('/digest/?a=%20', '--digest', '-u', 'zoë:über:all')).toBe(
      'The private page 200',
    )
    expect(await curl('/digest/', '--digest', '-u', 'ann:open')).toBe('nothing 401')
    expect(await curl('/digest/', '-u', 'ann:open sesame')).toBe('nothing 401')
    const ask = async (password: string, count: string) => {
      const args = ['-c', REQUESTS, `${site.url}/digest/`, 'ann', password, count]
      return (await run(PYTHON, args)).stdout.trim()
    }
    expect(await ask('open sesame', '5')).toBe('[200, 200, 200, 200, 200]')
    expect(await ask('x', '1')).toBe('[401]')
  })
})
