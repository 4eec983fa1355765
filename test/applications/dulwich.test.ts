import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Browser } from './support/browser.ts'
import { bytesOf, sha256 } from './support/bytes.ts'
import { makeFolder } from './support/folder.ts'
import { run } from './support/run.ts'
import { SITES, startSite, type Site } from './support/site.ts'

const ENV = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.org',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.org',
}

async function git(cwd: string, ...args: string[]): Promise<string> {
  return (await run('git', args, { cwd, env: ENV })).trim()
}

describe('a git server by Dulwich', () => {
  let site: Site
  let folder: string
  let url: string

  beforeAll(async () => {
    folder = await makeFolder()
    await git(folder, 'init', '--quiet', '--bare', '--initial-branch=main', 'project.git')
    const app = join(SITES, 'dulwich/app.py')
    site = await startSite({ args: [app, '--mount', '/git'], env: { SITE_DATA: folder } })
    url = new URL('/git/project.git', site.url).href
  })
  afterAll(async () => {
    await site.stop()
  })

  test('a large pack is pushed in chunks and cloned whole', async () => {
    const work = join(folder, 'work')
    await mkdir(work)
    await git(work, 'init', '--quiet', '--initial-branch=main')
    const bytes = bytesOf(8_000_000, 11)
    await writeFile(join(work, 'large.bin'), bytes)
    await writeFile(join(work, 'größe.txt'), 'schön\n')
    await git(work, 'add', '.')
    await git(work, 'commit', '--quiet', '--message', 'First')
    await git(work, '-c', 'http.postBuffer=65536', 'push', '--quiet', url, 'main')

    await git(folder, 'clone', '--quiet', url, 'copy')
    const copy = join(folder, 'copy')
    expect(sha256(await readFile(join(copy, 'large.bin')))).toBe(sha256(bytes))
    expect(await readFile(join(copy, 'größe.txt'), 'utf8')).toBe('schön\n')
    expect(await git(copy, 'rev-parse', 'HEAD')).toBe(await git(work, 'rev-parse', 'HEAD'))
    await git(copy, 'fsck', '--strict')
  })

  test('further commits are pushed and fetched', async () => {
    const work = join(folder, 'work')
    for (let number = 0; number < 30; number++) {
      await git(work, 'commit', '--quiet', '--allow-empty', '--message', `Change ${number}`)
    }
    await git(work, 'push', '--quiet', url, 'main', 'main:refs/heads/topic')
    const copy = join(folder, 'copy')
    await git(copy, 'fetch', '--quiet', 'origin')
    expect(await git(copy, 'rev-list', '--count', 'origin/topic')).toBe('31')
    expect(await git(copy, 'rev-parse', 'origin/main')).toBe(await git(work, 'rev-parse', 'main'))
  })

  test('many haves are sent compressed and understood', async () => {
    const work = join(folder, 'work')
    const copy = join(folder, 'copy')
    for (let number = 0; number < 60; number++) {
      await git(copy, 'commit', '--quiet', '--allow-empty', '--message', `Own ${number}`)
    }
    await git(work, 'commit', '--quiet', '--allow-empty', '--message', 'Last')
    await git(work, 'push', '--quiet', url, 'main')
    await git(copy, 'fetch', '--quiet', 'origin')
    expect(await git(copy, 'rev-parse', 'origin/main')).toBe(await git(work, 'rev-parse', 'main'))
  })

  test('the list of references is not kept by caches', async () => {
    const page = await new Browser(site.url).visit(
      '/git/project.git/info/refs?service=git-upload-pack',
    )
    expect(page.status).toBe(200)
    expect(page.headers.get('content-type')).toBe('application/x-git-upload-pack-advertisement')
    expect(page.headers.get('cache-control')).toBe('no-cache, max-age=0, must-revalidate')
    expect(page.text.startsWith('001e# service=git-upload-pack\n0000')).toBe(true)
  })

  test('a repository that is not there is not found', async () => {
    await expect(git(folder, 'clone', '--quiet', `${url}x`, 'nothing')).rejects.toThrow(/not found/)
  })
})
