import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import { PYTHON } from '../../support/backend-lab.ts'
import { isAlive } from '../../support/replicas.ts'
import { pollUntil } from '../../support/raw-client.ts'
import { answering, listFolder, supervise } from './support/lab.ts'

const PLACES = ['{fd}', '{socket}', '{port}']

describe.each(PLACES)('a program that is told to listen at %s', (where) => {
  test('is served when it accepts, its output is logged, and nothing is left of it', async () => {
    await using lab = await supervise(answering(where))
    await lab.supervisor.start()
    const [pid = 0] = lab.pids()
    expect(await lab.addresses.ask('who')).toBe(String(pid))
    expect(lab.records).toContainEqual({
      level: 'output',
      text: 'begins',
      fields: { stream: 'stdout', worker: `answer.py/${pid}` },
    })
    const places = [...lab.addresses.places]
    await lab.supervisor.stop()
    expect([isAlive(pid), lab.addresses.places.size]).toEqual([false, 0])
    for (const place of places)
      if (place.kind === 'unix') expect(listFolder(dirname(place.path))).toBeUndefined()
    expect(lab.texts()).not.toMatch(/^(warn|error)/m)
  })

  test('is started again at once when it dies', async () => {
    await using lab = await supervise(answering(where))
    await lab.supervisor.start()
    const [pid = 0] = lab.pids()
    await expect(lab.addresses.ask('die')).rejects.toThrow(/nothing|ECONNRESET/)
    await lab.waitForText(/^error program answer\.py\/\d+ ended with exit code 3/)
    await pollUntil(() => lab.addresses.places.size > 0 || undefined, 'an address')
    const answer = await lab.addresses.ask('who')
    expect(answer).toBe(String(lab.pids().find((one) => one !== pid)))
  })

  test('may leave after a number of requests', async () => {
    await using lab = await supervise(answering(where))
    await lab.supervisor.start()
    for (let count = 0; count < 5; count++) {
      const [pid = 0] = lab.pids()
      expect(await lab.addresses.ask('leave')).toBe('left')
      await pollUntil(() => lab.pids().some((one) => one !== pid) || undefined, 'another one')
      await pollUntil(() => lab.addresses.places.size > 0 || undefined, 'an address')
    }
    expect(lab.texts()).not.toMatch(/^(warn|error)/m)
  })

  test('is reloaded without a request that fails', async () => {
    await using lab = await supervise(answering(where), { processes: 2 })
    await lab.supervisor.start()
    const before = lab.pids()
    const asking = new AbortController()
    let turn = 0
    const seen = new Set<string>()
    const ask = async (): Promise<void> => {
      while (!asking.signal.aborted)
        seen.add(await lab.addresses.ask(turn % 10 === 0 ? 'sleep' : 'who', turn++))
    }
    const clients = Array.from({ length: 8 }, ask)
    await pollUntil(() => seen.size === 2 || undefined, 'answers of the old ones')
    lab.project.write('version', 'new')
    await lab.supervisor.reload()
    await pollUntil(
      () => [...seen].filter((text) => text.endsWith('new')).length === 2 || undefined,
      'answers of the new ones',
    )
    asking.abort()
    await Promise.all(clients)
    await pollUntil(() => !before.some(isAlive) || undefined, 'the end of the old ones')
    expect(lab.addresses.places.size).toBe(where === '{fd}' ? 1 : 2)
    expect(lab.texts()).not.toMatch(/^(warn|error)/m)
  })

  test('goes on when the new one does not come up', async () => {
    await using lab = await supervise(answering(where))
    await lab.supervisor.start()
    const [pid = 0] = lab.pids()
    lab.project.write('version', 'broken')
    await expect(lab.supervisor.reload()).rejects.toThrow(
      'program answer.py is not served: the program ended with exit code 1 before it was ready',
    )
    expect(await lab.addresses.ask('who')).toBe(String(pid))
    expect(lab.supervisor.failure).toBeUndefined()
  })
})

const NO_LIMITS = {
  maximumRequests: 0,
  maximumRequestsJitter: 0,
  restartInterval: 0,
  restartIntervalJitter: 0,
  memoryLimit: {},
}

describe.each(PLACES)('a program with limits that is told to listen at %s', (where) => {
  test.each([
    ['maximumRequests', { maximumRequests: 5 }],
    ['restartInterval', { restartInterval: 300 }],
    ['memoryLimit.soft', { memoryLimit: { soft: 1024 } }],
    ['cpuTimeLimit', { watchedCpuTime: 10 }],
  ])('is replaced by %s without a request that fails', async (option, own) => {
    await using lab = await supervise(answering(where), { limits: { ...NO_LIMITS, ...own } })
    await lab.supervisor.start()
    const seen = new Set<string>()
    const ask = async (): Promise<void> => {
      while (seen.size < 3) seen.add(await lab.addresses.ask('who'))
    }
    await Promise.all([ask(), ask()])
    await lab.waitForText(new RegExp(`program answer\\.py/\\d+ .*\\(${option}\\); it is replaced`))
    expect(lab.texts()).not.toMatch(/^error/m)
  })

  test('serves until its successor takes connections', async () => {
    const limits = { ...NO_LIMITS, maximumRequests: 1 }
    await using lab = await supervise(answering(where), { limits })
    await lab.supervisor.start()
    lab.project.write('version', 'broken')
    const pid = await lab.addresses.ask('who')
    await lab.waitForText(/is not served: the program ended with exit code 1/)
    expect(await lab.addresses.ask('who')).toBe(pid)
    lab.project.write('version', 'new')
    await pollUntil(
      async () => (await lab.addresses.ask('who')).endsWith('new') || undefined,
      'its successor',
    )
    expect(lab.supervisor.status.restarts.maximum_requests).toBeGreaterThan(0)
  })
})

describe('a program', () => {
  test('gets PATH and what is given, and nothing else', async () => {
    const environment = { PATH: process.env['PATH'] ?? '', SHOP: 'x' }
    await using lab = await supervise(answering('{fd}'), { environment })
    await lab.supervisor.start()
    const [names, folder] = (await lab.addresses.ask('environment')).split('] ')
    expect(names?.replace("'LC_CTYPE', ", '')).toBe("['PATH', 'SHOP'")
    expect(folder).toBe(lab.project.folder)
  })

  test('that dies at once is a failure until it comes up, and is tried again with pauses', async () => {
    await using lab = await supervise(['sh', 'dies.sh'])
    await lab.supervisor.start()
    expect(lab.supervisor.failure).toMatchObject({ code: 'UPSTREAM_UNREACHABLE' })
    const failures = lab.records.filter(({ level }) => level === 'error')
    expect(failures).toHaveLength(1)
    expect(failures[0]).toMatchObject({
      text: 'program dies.sh is not served: the program ended with exit code 7 before it was ready',
      fields: { program: 'dies.sh', traceback: 'no module named shop' },
    })
    lab.project.write('dies.sh', `exec ${PYTHON} answer.py 0`)
    await pollUntil(() => lab.addresses.places.size > 0 || undefined, 'an address')
    expect(lab.supervisor.failure).toBeUndefined()
    expect(await lab.addresses.ask('who')).toBe(String(lab.pids()[0]))
    expect(lab.texts()).toContain('info program dies.sh is served now')
  })

  test.each(PLACES)('that never listens at %s is ended in time', async (where) => {
    await using lab = await supervise(['sh', 'silent.sh', where], {
      startup: { ms: 200, name: 'timeouts.startup' },
    })
    await lab.supervisor.start()
    expect(lab.supervisor.failure?.message).toMatch(
      /^program silent\.sh is not served: it was not ready within 200 ms \(timeouts\.startup\): it accepted no connection at (unix|127)/,
    )
    await lab.supervisor.stop()
    expect(lab.pids()).toEqual([])
  })

  test('that does not exist is told with the way out', async () => {
    await using lab = await supervise(['no-such-program'])
    await lab.supervisor.start()
    expect(lab.supervisor.failure?.code).toBe('PROGRAM_START')
    expect(lab.supervisor.failure?.message).toContain(
      'program no-such-program could not be started: no-such-program is in no folder of PATH (',
    )
    await using below = await supervise(['./none'])
    await below.supervisor.start()
    expect(below.supervisor.failure?.message).toContain('./none does not exist below /')
    await using elsewhere = await supervise(['sh'], { directory: '/none' })
    await elsewhere.supervisor.start()
    expect(elsewhere.supervisor.failure?.message).toContain(
      'working directory /none does not exist',
    )
    await using plain = await supervise(['./dies.sh'])
    await plain.supervisor.start()
    expect(plain.supervisor.failure?.message).toContain('./dies.sh is not executable')
  })

  test('that ignores SIGTERM is killed, and what it has started ends with it', async () => {
    await using stubborn = await supervise([PYTHON, 'stubborn.py'])
    await stubborn.supervisor.start()
    const [pid = 0] = stubborn.pids()
    await using lab = await supervise(answering('{fd}'))
    await lab.supervisor.start()
    const [child = 0] = (await lab.addresses.ask('children')).split('\n').map(Number)
    expect(isAlive(child)).toBe(true)
    await Promise.all([stubborn.supervisor.stop(), lab.supervisor.stop()])
    expect([isAlive(pid), isAlive(child)]).toEqual([false, false])
    expect(stubborn.texts()).toContain(
      `warn program stubborn.py/${pid} did not stop when asked and was ended by SIGKILL`,
    )
  })

  test('that has much to do when it is started again is not taken for one that does not start', async () => {
    const words = [...answering('{fd}'), 'one by one']
    await using lab = await supervise(words, {
      startup: { ms: 1500, name: 'timeouts.startup' },
    })
    await lab.supervisor.start()
    await expect(lab.addresses.ask('die')).rejects.toThrow(/nothing|ECONNRESET/)
    const answers = await Promise.all(Array.from({ length: 6 }, () => lab.addresses.ask('sleep')))
    expect(new Set(answers)).toEqual(new Set([String(lab.pids()[0])]))
    expect(lab.records.filter(({ level }) => level === 'error')).toHaveLength(1)
  })

  test('keeps the clients that come while it is started again', async () => {
    await using lab = await supervise(answering('{fd}'))
    await lab.supervisor.start()
    const died = lab.addresses.ask('die').catch(() => 'died')
    expect(await died).toBe('died')
    const answers = await Promise.all([lab.addresses.ask('who'), lab.addresses.ask('who')])
    expect(answers).toEqual([String(lab.pids()[0]), String(lab.pids()[0])])
  })
})
