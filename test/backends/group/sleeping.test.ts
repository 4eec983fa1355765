import { describe, expect, test } from 'vitest'

import { FakeGroup } from '../../support/fake-group.ts'
import { FakeHosts } from '../../support/fake-host.ts'
import { pollUntil } from '../../support/raw-client.ts'

describe('a group that sleeps', () => {
  test('lets requests wait, and starts as many workers as there were', async () => {
    let ready = true
    const hosts = new FakeHosts((host) => {
      if (ready) host.becomeReady()
    })
    await using group = new FakeGroup({ processes: 2 }, hosts)
    await group.backend.start()
    group.backend.resize(0)
    await pollUntil(
      () => hosts.all.every(({ calls }) => calls.length > 0) || undefined,
      'no worker',
    )
    group.backend.resize(0)
    ready = false
    const exchange = group.run()
    const host = await pollUntil(() => hosts.all[3], 'new workers')
    expect(group.backend.statistics).toMatchObject({ running: 0, waiting: 1 })
    expect(group.backend.size).toBe(2)
    host.becomeReady()
    await host.asked
    host.abortRequest(0)
    expect((await exchange.over).status).toBe(500)
  })

  test('answers a request with the failure of the start, and tries again at the next one', async () => {
    let fails = false
    const hosts = new FakeHosts((host) => {
      if (fails) host.tell({ type: 'failed', application: 'lab', summary: 'no module named x' })
      else host.becomeReady()
      host.asked.then(() => host.abortRequest(0)).catch(() => {})
    })
    await using group = new FakeGroup({}, hosts)
    await group.backend.start()
    group.backend.resize(0)
    fails = true
    expect((await group.run().over).status).toBe(503)
    expect(group.errors).toEqual(['application lab could not be loaded: no module named x'])
    group.backend.resize(0)
    fails = false
    expect((await group.run().over).status).toBe(500)
  })

  test('has the generation that it will wake with', async () => {
    const hosts = new FakeHosts((host) => host.becomeReady())
    await using group = new FakeGroup({}, hosts)
    expect(group.backend.status.generation).toBe(0)
    await group.backend.start()
    group.backend.resize(0)
    await pollUntil(() => group.backend.status.workers.length === 0 || undefined, 'no worker')
    expect(group.backend.status.generation).toBe(1)
    await group.backend.reload()
    await pollUntil(() => group.backend.status.workers.length === 0 || undefined, 'no worker')
    expect(group.backend.status).toMatchObject({ wanted: 0, generation: 2 })
  })

  test('does not sleep while requests wait', async () => {
    await using group = new FakeGroup()
    await group.backend.start()
    const exchanges = [group.run(), group.run()]
    await group.hosts.get(0).asked
    group.backend.resize(0)
    const next = await pollUntil(() => group.hosts.all[1], 'another one')
    await next.asked
    for (const host of group.hosts.all) host.abortRequest(0)
    for (const exchange of exchanges) expect((await exchange.over).status).toBe(500)
  })
})
