import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { launchTaipan, ROOT } from '../support/cli.ts'
import { PYTHON } from '../applications/support/site.ts'
import { listBlocks, listCommands } from './blocks.ts'

const SITES = join(ROOT, 'test/fixtures/docs')
const LISTENING = /^(?:.*"msg":")?listening on ((?:http|fastcgi|scgi|uwsgi|unix)[:+]\S+?)(?:"|$)/m

let scratch: string

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'taipan-docs-'))
  cpSync(SITES, scratch, { recursive: true })
  mkdirSync(join(scratch, 'django'))
  execFileSync(PYTHON, ['-m', 'django', 'startproject', 'project', join(scratch, 'django')])
  for (const { marks, text } of listBlocks()) {
    const file = marks.get('file')
    if (file === undefined) continue
    mkdirSync(dirname(join(scratch, file)), { recursive: true })
    writeFileSync(join(scratch, file), text)
  }
  // Run by a shell, so that missing quotes fail.
  writeFileSync(
    join(scratch, 'npx'),
    '#!/bin/sh\n[ "$1" = -- ] && shift\nshift\nexec "$TAIPAN" "$@"\n',
  )
  writeFileSync(join(scratch, 'taipan'), '#!/bin/sh\nexec "$TAIPAN" "$@"\n')
  for (const name of ['npx', 'taipan']) chmodSync(join(scratch, name), 0o755)
})

afterAll(() => {
  rmSync(scratch, { recursive: true, force: true })
})

const commands = listCommands()

test('there are commands', () => {
  expect(commands.length).toBeGreaterThan(20)
})

describe.each(commands)('$place: $line', ({ line, site }) => {
  test('works as written', async () => {
    const command = launchTaipan(['-c', useFreePort(line)], {
      command: '/bin/sh',
      cwd: join(scratch, site),
      env: {
        PATH: `${scratch}:${process.env['PATH']}`,
        TAIPAN: join(ROOT, 'dist/cli/main.js'),
        TAIPAN_PYTHON: PYTHON,
      },
    })
    onTestFinished(() => command.kill('SIGKILL'))
    if (!/\bserve\b/.test(line) || /--help/.test(line)) {
      const { exitCode, output } = await command.waitForExit()
      expect(exitCode, output).toBe(0)
      return
    }
    await command.waitForOutput(LISTENING)
    const [, url = ''] = LISTENING.exec(command.output) ?? []
    const isAsked = url.startsWith('http') && !line.includes('proxyProtocol')
    if (isAsked) expect((await fetch(url)).status).toBeLessThan(500)
    const { exitCode, output } = await command.stop()
    expect(exitCode, output).toBe(0)
  })
})

/** The same command on free ports. */
function useFreePort(line: string): string {
  const free = line.replaceAll(
    /(?<=(?:-b|--bind|--lrwp) )'?(\w+:\/\/)?(?:[\d.]*:)?\d+(\?[^' ]*)?'?/g,
    (_, scheme = '', settings = '') => `'${scheme}127.0.0.1:0${settings}'`,
  )
  const listens = free.includes('-b ') || free.includes('--bind ') || !/\bserve\b/.test(free)
  // `exec`, so that signals reach the command and not its shell.
  return (listens ? free : `${free} -b 127.0.0.1:0`).replace(/^(?:[A-Z_]+=\S+ )*/, '$&exec ')
}
