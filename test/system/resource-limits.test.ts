import { describe, expect, test } from 'vitest'

import { startTaipan } from '../support/cli.ts'
import { createProject, type Project } from '../support/project.ts'
import { fetchRaw } from '../support/raw-client.ts'

const APP = `
import ctypes, os, resource, subprocess, sys

def application(environ, start_response):
    act = globals()[environ["PATH_INFO"][1:]]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(act()).encode()]

def files():
    opened = []
    try:
        while len(opened) < 1000:
            opened.append(open("/dev/null"))
    except OSError as error:
        return f"{error.strerror} {30 < len(opened) < 64}"
    finally:
        for file in opened:
            file.close()

def size():
    try:
        with open("large", "wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
    except OSError as error:
        return f"{error.strerror} {os.stat('large').st_size}"

def core():
    words = [sys.executable, "-c", "import resource; print(resource.getrlimit(resource.RLIMIT_CORE))"]
    return resource.getrlimit(resource.RLIMIT_CORE), subprocess.check_output(words, text=True)

def crash():
    ctypes.string_at(0)

def pid():
    return os.getpid()
`

function createLimited(limits: object): Project {
  const config = { app: 'app.py', groups: { web: { resourceLimits: limits } } }
  return createProject({ 'app.py': APP, 'taipan.config.json': JSON.stringify(config) })
}

async function start(project: Project, options: readonly string[]) {
  const taipan = await startTaipan(['-b', '127.0.0.1:0', ...options], { cwd: project.folder })
  const get = async (path: string): Promise<string> =>
    (await fetchRaw(taipan.url, `/${path}`)).text.trim()
  return { taipan, get }
}

describe.skipIf(process.platform !== 'linux').each([[[]], [['--preload']], [['-t', 'main']]])(
  'workers with limits of the system, %j',
  (options) => {
    test('openFiles: the application gets an error, and the worker serves on', async () => {
      using project = createLimited({ openFiles: 64 })
      const { taipan, get } = await start(project, options)
      const pid = await get('pid')
      for (let time = 0; time < 3; time++)
        expect(await get('files')).toBe('Too many open files True')
      expect(await get('pid')).toBe(pid)
      expect((await taipan.stop()).exitCode).toBe(0)
    })

    test('fileSize: the application gets an error, and the worker serves on', async () => {
      using project = createLimited({ fileSize: '64kb' })
      const { taipan, get } = await start(project, options)
      const pid = await get('pid')
      expect(await get('size')).toBe(`File too large ${64 * 1024}`)
      expect(await get('pid')).toBe(pid)
      expect((await taipan.stop()).exitCode).toBe(0)
    })

    test.each([
      [0, 0],
      ['1mb', 1024 ** 2],
    ])('core: %s holds for the worker and what it starts', async (core, bytes) => {
      using project = createLimited({ core })
      const { taipan, get } = await start(project, options)
      expect(await get('core')).toBe(`((${bytes}, ${bytes}), '(${bytes}, ${bytes})\\n')`)
      expect(await get('crash')).toBe('Bad Gateway')
      await taipan.waitForOutput(/ended with signal SIGSEGV/)
      expect(await get('pid')).toMatch(/^\d+$/)
      expect((await taipan.stop()).exitCode).toBe(0)
    })
  },
)
