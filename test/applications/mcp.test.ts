import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { ROOT } from '../support/cli.ts'
import { ENGINES } from './support/engines.ts'
import { runPython } from './support/run.ts'
import { SITES, startSite, type Site } from './support/site.ts'

const client = join(ROOT, 'test/fixtures/programs/clients/mcp_talk.py')

describe.each(ENGINES)('MCP by streamable HTTP (%s)', (engine) => {
  let site: Site

  beforeAll(async () => {
    site = await startSite({ args: [`${join(SITES, 'mcp/app.py')}:app`], use: { engine } })
  })
  afterAll(async () => {
    await site.stop()
  })

  test('a client lists tools, calls them, hears of progress and reads', async () => {
    const heard = await runPython([client, new URL('/mcp', site.url).href])
    expect(JSON.parse(heard)).toEqual({
      tools: ['add', 'count'],
      added: '42',
      counted: 'counted to 5',
      progress: [1, 2, 3, 4, 5],
      shelf: 'The shelf of ada',
    })
  })
})
