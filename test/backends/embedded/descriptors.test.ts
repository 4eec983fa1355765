import { readdirSync } from 'node:fs'

import { expect, test } from 'vitest'

import { createEmbeddedBackend } from '../../../src/backends/embedded/embedded-backend.ts'
import { openLab, type BackendLab } from '../../support/backend-lab.ts'
import { createPlainExchange } from '../../support/plain-exchange.ts'
import { pollUntil } from '../../support/raw-client.ts'

// The query is the number of free descriptors for the process; without one, as many as before.
const LIMITS = `
import os, resource
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

def is_open(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True

def limit(free):
    number = 0
    while free > 0 or is_open(number):
        free -= not is_open(number)
        number += 1
    return number

def application(environ, start_response):
    free = environ["QUERY_STRING"]
    soft = limit(int(free)) if free else hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    start_response("200 OK", [])
    return [b""]
`

test('a worker that finds too few descriptors for itself leaves none open', async () => {
  await using lab = await openLab(createEmbeddedBackend, { own: LIMITS, threads: 2 })
  await lab.backend.start()
  await limit(lab, '')
  const before = countDescriptors()
  const failed: number[] = []
  for (let free = 0; free < 16; free++) {
    await limit(lab, String(free))
    const reloading = lab.backend.reload().then(
      () => true,
      () => false,
    )
    if (!(await reloading)) failed.push(free)
    await limit(lab, '')
    await pollUntil(
      () => countDescriptors() <= before || undefined,
      `as few descriptors as before, ${before}, after ${free} were free`,
    )
  }
  expect(failed.length).toBeGreaterThan(8)
  await lab.backend.reload()
})

async function limit(lab: BackendLab, free: string): Promise<void> {
  const exchange = createPlainExchange({ target: `/?${free}` })
  lab.backend.run(exchange, { application: 'lab', scriptName: '', pathInfo: '/' })
  expect((await exchange.over).status).toBe(200)
}

function countDescriptors(): number {
  return readdirSync('/proc/self/fd').length
}
