import { readFileSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { expect } from 'vitest'

import { openSocket } from '../applications/support/socket.ts'
import { readDescriptor } from '../../src/streams/net/net-stream.ts'
import type { RunningTaipan } from '../support/cli.ts'
import { findFreePort } from '../support/free-port.ts'
import { get } from './get.ts'
import { layOut, listPaths } from './project.ts'
import type { Engine, Row } from './row.ts'
import type { Visitor } from './visitor.ts'

const WORRY = /^.*\b(?:warn|warning|error)\b.*$/gm

let count = 0

/** Lays a project out, types the command, looks at what is served, and stops it. Nothing may be written meanwhile. */
export async function runRow(visitor: Visitor, row: Row, engine: Engine): Promise<void> {
  const place = join(visitor.folder, String((count += 1)))
  const { project, temporary } = layOut(place, row, visitor)
  const before = listPaths(project)
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const taipan = visitor.type(await fillIn(row.command, server), {
    cwd: join(project, row.cwd ?? ''),
    env: { TMPDIR: temporary, TAIPAN_ENGINE: engine, ...row.env },
    ...(row.socket === true && { socket: readDescriptor(server) }),
  })
  if (row.socket === true) server.close()
  try {
    if (row.exitCode === undefined) await visit(taipan, row, visitor.uid)
    else expect((await taipan.waitForExit()).exitCode, taipan.output).toBe(row.exitCode)
    for (const text of row.says ?? []) expect(taipan.output).toMatch(text)
    expect(listPaths(project)).toEqual(before)
    expect([...listPaths(visitor.home), ...listPaths(temporary)]).toEqual([])
  } finally {
    taipan.kill('SIGKILL')
    server.close()
    rmSync(place, { recursive: true, force: true })
  }
}

async function fillIn(command: string, taken: Server): Promise<string> {
  const address = taken.address()
  if (address === null || typeof address === 'string') throw new Error('not on TCP')
  const free = command.includes('{port}') ? await findFreePort() : 0
  return command.replaceAll('{port}', String(free)).replaceAll('{taken}', String(address.port))
}

async function visit(taipan: RunningTaipan, row: Row, uid: number | undefined): Promise<void> {
  await taipan.waitForUrl()
  const status = readFileSync(`/proc/${taipan.pid}/status`, 'utf8')
  if (uid !== undefined) expect(status).toContain(`\nUid:\t${uid}\t${uid}\t`)
  for (const [path, expected] of Object.entries(row.pages ?? {})) {
    const page = await get(taipan.url, path)
    const hint = `${path}: ${page.text}\n${taipan.output}`
    expect(page.status, hint).toBe(typeof expected === 'number' ? expected : 200)
    if (typeof expected === 'string') expect(page.text, hint).toContain(expected)
  }
  for (const path of row.echoes ?? []) {
    const socket = await openSocket(new URL(path, taipan.url))
    socket.send('hello')
    expect(await socket.receive()).toBe('hello')
    await socket.close(1000)
  }
  const { exitCode, output } = await taipan.stop()
  expect(exitCode, output).toBe(0)
  const worries = output.match(WORRY) ?? []
  expect(worries.filter((line) => !row.says?.some((text) => text.test(line)))).toEqual([])
}
