import {
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { pinFolder, withPinnedFile } from '../../src/native/pinned-file.ts'

const USER = 65534
const isRoot = process.getuid?.() === 0 && process.platform === 'linux'

let folder = ''

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'taipan-pinned-')))
  mkdirSync(join(folder, 'safe/deep'), { recursive: true })
  writeFileSync(join(folder, 'safe/deep/file'), '')
})

afterEach(() => rmSync(folder, { recursive: true }))

/** A link of another user. */
function linkOfUser(target: string, path: string): void {
  symlinkSync(target, path)
  lchownSync(path, USER, USER)
}

describe.skipIf(!isRoot)('to root', () => {
  test('links of others lead nowhere, wherever they are', () => {
    linkOfUser('safe', join(folder, 'theirs'))
    symlinkSync('theirs/deep', join(folder, 'mine'))
    for (const path of ['theirs', 'theirs/deep', 'mine'])
      expect(() => pinFolder(join(folder, path))).toThrow(
        expect.objectContaining({
          code: 'ELOOP',
          message: `${folder}/theirs is a link of user ${USER}, which root does not follow`,
        }),
      )
    expect(() => withPinnedFile(join(folder, 'theirs/deep/file'), () => {})).toThrow(/link of user/)
  })

  test('links of its own lead on', () => {
    symlinkSync('safe', join(folder, 'mine'))
    symlinkSync(join(folder, 'mine/deep'), join(folder, 'other'))
    using pinned = pinFolder(join(folder, 'other'))
    expect(pinned.path).toBe(join(folder, 'safe/deep'))
    expect(readdirSync(pinned.place)).toEqual(['file'])
  })

  test('links that lead to themselves end', () => {
    symlinkSync('round', join(folder, 'round'))
    expect(() => pinFolder(join(folder, 'round'))).toThrow(/too many links/)
  })
})

test('a folder stays the same one when another takes its path', () => {
  using pinned = pinFolder(join(folder, 'safe'))
  renameSync(join(folder, 'safe'), join(folder, 'aside'))
  symlinkSync('/etc', join(folder, 'safe'))
  expect(readdirSync(pinned.place)).toEqual(['deep'])
})

test('what is missing is an error of the system', () => {
  expect(() => pinFolder(join(folder, 'none'))).toThrow(expect.objectContaining({ code: 'ENOENT' }))
  expect(() => pinFolder(join(folder, 'safe/deep/file'))).toThrow(
    expect.objectContaining({ code: 'ENOTDIR' }),
  )
})
