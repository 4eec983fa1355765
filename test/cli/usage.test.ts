import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { runTaipan } from '../support/cli.ts'
import { runHere } from '../support/run-here.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'taipan-usage-'))
  writeFileSync(
    join(folder, 'broken.config.json'),
    '{"apps": {"shop": {"taget": "x:y"}}, "threads": "four"}',
  )
  writeFileSync(join(folder, 'half.json'), '{"app": ')
  writeFileSync(join(folder, 'list.json'), '[]')
  writeFileSync(join(folder, 'waits.mjs'), 'await new Promise(() => {})\n')
  writeFileSync(join(folder, 'throws.ts'), '\n\nthrow new Error("boom")\n')
  writeFileSync(join(folder, 'named.mjs'), 'export const config = { app: "x:y" }\n')
  writeFileSync(join(folder, 'gunicorn.conf.py'), 'workers = 2\n')
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

function listWrongAddresses(): [string, RegExp][] {
  return [
    ['70000', /"70000" is not an address: ports end at 65535$/m],
    ['localhost:99999999', /ports end at 65535$/m],
    ['[::1]', /the port is missing; write \[::1\]:8000$/m],
    ['::1:80', /IPv6 addresses have brackets and a port, as in \[::1\]:8000$/m],
    ['tcp://localhost:80/', /write it without the scheme: localhost:80$/m],
    ['/run/shop.sock', /for a socket write unix:\/run\/shop\.sock$/m],
    ['shop.sock', /for a socket write unix:shop\.sock$/m],
    ['unix:/run/x?mod=660', /unix: knows .*\?mode=.* only, found \?mod=$/m],
    ['unix:/run/x?mode=999', /mode: needs octal permissions/],
  ]
}

describe('help and version', () => {
  test.each(['--version', '-v', 'version'])('taipan %s', async (word) => {
    const { exitCode, stdout } = await runHere([word])
    expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/^taipan \d+\.\d+\.\d+\n$/)])
  })

  test.each([
    [['--help'], 'taipan check [TARGET]'],
    [['serve', '--help'], '--bind ADDR'],
    [['serve', 'app.py', '-h'], '--no-access-log'],
    [['check', '--help'], '--json'],
    [['help'], 'taipan check [TARGET]'],
    [['help', 'serve'], '--bind ADDR'],
    [['help', 'check'], '--json'],
    [['path', '--help'], 'export PYTHONPATH="$(taipan path python)"'],
    [['help', 'path'], 'Usage: taipan path python'],
    [['help', 'help'], 'taipan check [TARGET]'],
    [['help', 'version'], 'taipan check [TARGET]'],
  ])('taipan %j', async (args, text) => {
    const { exitCode, stdout, stderr } = await runHere(args)
    expect([exitCode, stderr]).toEqual([0, ''])
    expect(stdout).toContain(text)
  })

  test('taipan path python prints a folder with modules for other programs', async () => {
    const { exitCode, stdout } = await runHere(['path', 'python'])
    const folder = stdout.replace(/\n$/, '')
    expect(exitCode).toBe(0)
    for (const name of ['lrwp.py', 'taipan/lrwp/__main__.py'])
      expect(existsSync(join(folder, name))).toBe(true)
  })

  test('taipan without arguments prints the help', async () => {
    const { exitCode, stderr } = await runHere([])
    expect(exitCode).toBe(2)
    expect(stderr).toContain('Usage:')
  })
})

describe('an invalid command line ends with 2 and one message', () => {
  test.each<[string[], RegExp]>([
    [['path'], /taipan path needs one name, python; found none/],
    [['path', 'lib'], /taipan path needs one name, python; found "lib"/],
    [['path', 'python', 'x'], /needs one name, python; found "python" "x"/],
    [['path', 'python', '--dev'], /--dev belongs to taipan serve and check, not to taipan path/],
    [['path', 'python', '-b', '80'], /--bind belongs to taipan serve and check/],
    [['serve', '--bnd', 'x'], /unknown option --bnd\. Did you mean --bind\?/],
    [['serve', '--prot', '80'], /unknown option --prot\. Did you mean --port\?/],
    [['serve', '--no-acces-log'], /Did you mean --no-access-log\?/],
    [['serve', '-z'], /unknown option -z; short options are/],
    [['serve', '--bind'], /--bind needs a value: --bind ADDR/],
    [['serve', '--bind', '--dev'], /--bind needs a value.*found --dev/],
    [['serve', '--dev=1'], /--dev is a switch and takes no value, found "1"/],
    [['serv', 'app.py'], /unknown command "serv"\. Did you mean taipan serve\?/],
    [['app.py'], /"app\.py" is not a command; write taipan serve app\.py/],
    [['shop.wsgi:application'], /write taipan serve shop\.wsgi:application/],
    [['serve', 'a.py', 'b.py'], /more than one TARGET: "a\.py" and "b\.py"/],
    [
      ['serve', 'a.py', '-t', 'x'],
      /--threads: expected a whole number from 0 to 512, or "main", found "x"/,
    ],
    [['serve', 'a.py', '-t', '0'], /--threads: expected .*, found 0/],
    ...['0', 'two', '1.5', '1000'].map((given): [string[], RegExp] => [
      ['serve', 'a.py', '-p', given],
      new RegExp(
        `--processes: expected a whole number from 1 to 512, "auto", or a range .*, found "?${given}"?`,
      ),
    ]),
    [
      ['serve', 'a.py', '-i', 'cgi'],
      /--interface: expected "auto" or "wsgi" or "asgi", found "cgi"/,
    ],
    [['serve', 'a.py', '--log-level', 'loud'], /--log-level: expected "debug" or/],
    [['serve', 'a.py', '--env', 'NOVALUE'], /--env: expected NAME=VALUE, found "NOVALUE"/],
    [['serve', 'a.py', '--static', '/x'], /--static: expected URL=DIR, found "\/x"/],
    [['serve', 'a.py', '--static', '/x=nowhere'], /folder \S+nowhere does not exist/],
    [['serve', 'a.py', '--static', 'x=.'], /static: "x" must begin with a slash/],
    [['serve', 'a.py', '--mount', 'shop'], /mount: "shop" must begin with a slash/],
    [['serve', 'a.py', '-D'], /-D is not supported: Taipan stays in the foreground/],
    [['runserver'], /unknown command "runserver"\. Write taipan serve \. --dev\./],
    [['serve', '--chdir', 'nowhere'], /--chdir: folder \S+nowhere does not exist/],
    [['serve', '--chdir', 'half.json'], /--chdir: \S+half\.json is not a folder/],
    [['serve', 'a.py', '-b', 'localhost'], /the port is missing; write localhost:8000/],
    [['serve', 'a.py', '-b', '127.0.0.1:70000'], /--bind: "127\.0\.0\.1:70000" is not an address/],
    [['serve', 'a.py', '-b', 'fd:x'], /fd: needs the number/],
    ...listWrongAddresses().map(([text, message]): [string[], RegExp] => [
      ['serve', 'a.py', '-b', text],
      message,
    ]),
    ...['--app-dir', '--reload-dir', '--static=/x', '--scripts=/x'].map(
      (flag): [string[], RegExp] => [
        ['serve', 'a.py', ...(flag.includes('=') ? [`${flag}=half.json`] : [flag, 'half.json'])],
        /: \S+half\.json is not a folder$/m,
      ],
    ),
    [['serve', 'a.py', '-t', '-1'], /--threads: expected a whole number .*, found -1$/m],
    [['serve', 'a.py', '--timeout-idle', '-1s'], /--timeout-idle: expected .*, found "-1s"$/m],
    [['serve', 'a.py', '--timeout-idle', 'x'], /expected a duration like "500ms",/],
    [['serve', 'a.py', '--limit-header-bytes', '0'], /expected a size of at least 1 byte, found 0/],
    [['serve', 'a.py', '--limit-request-line', '0'], /expected a size of at least 1 byte, found 0/],
    [['serve', 'a.py', '--ws-origin', '*'], /--ws-origin: expected an origin like "https:\S+/],
    [['serve', 'a.py', '--app-dir', 'nowhere'], /--app-dir: folder \S+nowhere does not exist/],
    [
      ['serve', 'a.py', '--env-file', 'missing.env'],
      /environment file \S+missing\.env does not exist/,
    ],
    [
      ['serve', 'a.py', '--env-file=missing.env'],
      /environment file \S+missing\.env does not exist/,
    ],
    [['serve', '--config', 'missing.json'], /configuration file "missing\.json" does not exist/],
    [['serve', '--config', 'half.json'], /half\.json cannot be read: .*JSON/],
    [['serve', '--config', 'throws.ts'], /throws\.ts cannot be read: boom \(line 3\)$/m],
    [['serve', '--config', '.'], /configuration file "\." is a folder: /],
    [['serve', '--config', 'list.json'], /list\.json has no configuration/],
    [
      ['serve', '--config', 'broken.config.json'],
      /2 problems in broken\.config\.json:\n.*threads: expected.*\n.*apps\.shop\.taget: unknown key .* Did you mean target\?/,
    ],
    [
      ['serve', '--config', 'named.mjs'],
      /named\.mjs has no configuration; it exports config, but nothing as default; write "export default config"/,
    ],
    [['serve', '-c', 'gunicorn.conf.py'], /gunicorn\.conf\.py cannot be read: .* end in \.ts/],
    [['serve'], /no TARGET, and nothing to serve/],
    [['path', 'python', '--', 'x', 'y'], /taipan path runs no application that could take x y/],
    [
      ['serve', 'a.py', '--json'],
      /--json belongs to taipan check, status and stacks, not to taipan serve/,
    ],
    [['check', 'a.py', '--bind', 'x'], /--bind: "x" is not an address/],
    [['help', 'srve'], /unknown command "srve"\. Did you mean taipan serve\?/],
    [
      ['serve', 'a.py', '--ws-ping-interval', '20'],
      /^error: --ws-ping-interval: 20 what\? write 20s or 20ms$/m,
    ],
    [['serve', 'a.py', '--timeout-request', '1.5'], /1\.5 what\? write 1\.5s or 1\.5ms/],
    [['serve', '--mount', '/x', '--config', 'empty.json'], /empty\.json/],
  ])('taipan %j', async (args, message) => {
    const { exitCode, stdout, stderr } = await runHere(args, { cwd: folder })
    expect(stderr).toMatch(message)
    expect(exitCode).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^error: /)
    expect(stderr, 'no stack of Node').not.toMatch(/^\s+at |node:/m)
  })

  test('a time without unit is refused in variables, too', async () => {
    const { exitCode, stderr } = await runHere(['serve', 'a.py'], {
      cwd: folder,
      env: { TAIPAN_WS_PING_TIMEOUT: '20', TAIPAN_QUEUE_TIMEOUT: '0' },
    })
    expect([exitCode, stderr]).toEqual([
      2,
      'error: TAIPAN_WS_PING_TIMEOUT: 20 what? write 20s or 20ms\n',
    ])
  })

  test.each(['abc', '70000', '-1', '80 '])('a PORT that is none: %j', async (port) => {
    const { exitCode, stderr } = await runHere(['serve', 'a.py'], { env: { PORT: port } })
    const message = `error: PORT: expected a port from 0 to 65535, found ${JSON.stringify(port)}\n`
    expect([exitCode, stderr]).toEqual([2, message])
  })

  test('the message names an invalid variable', async () => {
    const { exitCode, stderr } = await runHere(['serve', 'a.py'], {
      cwd: folder,
      env: { TAIPAN_THREADS: 'many' },
    })
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('TAIPAN_THREADS: expected')])
  })
})

describe('the program', () => {
  test.each<[string[], number, RegExp, RegExp]>([
    [['--version'], 0, /^taipan \d+\.\d+\.\d+\n$/, /^$/],
    [['serve', '--help'], 0, /--bind ADDR/, /^$/],
    [[], 2, /^$/, /Usage:/],
    [['serve', '--bnd', 'x'], 2, /^$/, /^error: unknown option --bnd\. Did you mean --bind\?/],
    [['serve', '--config', 'half.json'], 2, /^$/, /^error: .*half\.json cannot be read: .*JSON/],
    [['serve', '--config', 'waits.mjs'], 2, /^$/, /: it awaits something that never comes$/m],
    [['serve', '--config', 'named.mjs'], 2, /^$/, /^error: .*named\.mjs has no configuration/],
  ])('ends in the same way: taipan %j', async (args, exitCode, stdout, stderr) => {
    const ended = await runTaipan(args, { cwd: folder })
    expect(ended).toMatchObject({
      exitCode,
      stdout: expect.stringMatching(stdout),
      stderr: expect.stringMatching(stderr),
    })
    expect(ended.stderr, 'no stack of Node').not.toMatch(/^\s+at |node:/m)
  })
})

test('colours are for terminals only', async () => {
  const { output } = await runTaipan(['serve', '--bnd'], { env: { NO_COLOR: undefined } })
  expect(output).not.toContain('\x1b[')
})
