import { spawnSync } from 'node:child_process'
import {
  chownSync,
  lchownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openAppended } from '../../src/telemetry/appended-file.ts'
import { LogFile } from '../../src/telemetry/log-file.ts'
import { ROOT } from '../support/cli.ts'

const USER = 65534
const isRoot = process.getuid?.() === 0 && process.platform === 'linux'

let folder = ''
let path = ''

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'taipan-appended-')))
  mkdirSync(join(folder, 'logs'))
  chownSync(join(folder, 'logs'), USER, USER)
  path = join(folder, 'logs/access.log')
  writeFileSync(join(folder, 'secret'), 'secret\n')
})

afterEach(() => rmSync(folder, { recursive: true }))

function append(file: string, text: string): void {
  const opened = openAppended(file)
  writeSync(opened.descriptor, text)
  opened.close()
}

const readSecret = (): string => readFileSync(join(folder, 'secret'), 'utf8')

describe.skipIf(!isRoot)('in a folder of another user, root', () => {
  test('makes a file, and appends to it', () => {
    append(path, 'one\n')
    append(path, 'two\n')
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n')
  })

  test('follows no link of that user', () => {
    symlinkSync('../secret', path)
    lchownSync(path, USER, USER)
    expect(() => openAppended(path)).toThrow(`${path} is a link of user ${USER}`)
    expect(readSecret()).toBe('secret\n')
  })

  test('is not led on by a link in place of a folder', () => {
    renameSync(join(folder, 'logs'), join(folder, 'aside'))
    symlinkSync('.', join(folder, 'logs'))
    lchownSync(join(folder, 'logs'), USER, USER)
    expect(() => openAppended(path)).toThrow(`${folder}/logs is a link of user ${USER}`)
    expect(readdirSync(folder)).not.toContain('access.log')
  })

  test('writes to no file that has another name', () => {
    linkSync(join(folder, 'secret'), path)
    expect(() => openAppended(path)).toThrow(/another name, too \(a hard link\)/)
    expect(readSecret()).toBe('secret\n')
  })

  test('waits for nobody who reads a pipe', () => {
    expect(spawnSync('mkfifo', [path]).status).toBe(0)
    expect(() => openAppended(path)).toThrow(
      expect.objectContaining({ code: 'ENXIO', message: expect.stringContaining(`'${path}'`) }),
    )
  })

  test('follows its own links', () => {
    symlinkSync('../real.log', path)
    append(path, 'one\n')
    expect(readFileSync(join(folder, 'real.log'), 'utf8')).toBe('one\n')
  })

  test('is not led in a circle', () => {
    symlinkSync('access.log', path)
    expect(() => openAppended(path)).toThrow(
      expect.objectContaining({ code: 'ELOOP', message: `${path} is behind too many links` }),
    )
  })

  test('takes pipes of the kernel', () => {
    const script = `
import { writeSync } from 'node:fs'
import { openAppended } from '${ROOT}dist/telemetry/appended-file.js'
writeSync(openAppended('/dev/stdout').descriptor, 'line')`
    const pipe = '"$0" --input-type=module --eval "$1" | cat'
    const { stdout } = spawnSync('sh', ['-c', pipe, process.execPath, script], { encoding: 'utf8' })
    expect(stdout).toBe('line')
  })

  test('puts the file aside where it was opened, whoever moves the folder', async () => {
    const problems: string[] = []
    const file = new LogFile({
      path,
      rotation: { size: 4, every: undefined, keep: 1 },
      onProblem: (message) => problems.push(message),
      onRecovered: () => {},
    })
    const write = async (text: string): Promise<void> => {
      file.prepare(text.length)
      await new Promise<void>((resolve) => {
        file.write(Buffer.from(text), () => resolve())
      })
    }
    await write('one\n')
    writeFileSync(join(folder, 'access.log'), 'of root\n')
    renameSync(join(folder, 'logs'), join(folder, 'aside'))
    symlinkSync('.', join(folder, 'logs'))
    lchownSync(join(folder, 'logs'), USER, USER)
    await write('two\n')
    expect(problems).toEqual([expect.stringContaining(`link of user ${USER}`)])
    expect(readFileSync(join(folder, 'access.log'), 'utf8')).toBe('of root\n')
    const [aside = ''] = readdirSync(join(folder, 'aside'))
    expect(readFileSync(join(folder, 'aside', aside), 'utf8')).toBe('one\ntwo\n')
    file.close()
  })
})
