import { afterEach, describe, expect, test } from 'vitest'

import { createProject } from '../support/project.ts'
import { endStarted, get, startReplicas } from '../support/replicas.ts'

const PYTHON = process.env['TAIPAN_TEST_PYTHON'] ?? 'python3'
const ENGINES = { daemon: ['--loop', 'asyncio'], embedded: ['-e', 'embedded'] } as const

const APP = `
import asyncio, uvloop
asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())

async def run(*command):
    child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    output, _ = await child.communicate()
    return "%s %d" % (output.decode().strip(), child.returncode)

async def application(scope, receive, send):
    if scope["type"] != "http":
        raise ValueError("no lifespan")
    commands = [("sh", "-c", "echo %d; exit %d" % (code, code)) for code in range(3)]
    text = ", ".join(await asyncio.gather(*[run(*command) for command in commands]))
    try:
        await run("no-such-program")
    except FileNotFoundError:
        text += ", missing"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": text.encode()})
`

afterEach(endStarted)

describe.each(Object.entries(ENGINES))('%s', (_engine, args) => {
  test("child processes of asyncio, though the application has set uvloop's policy", async () => {
    using project = createProject({ 'app.py': APP })
    const bind = ['-b', '127.0.0.1:0', '--python', PYTHON]
    const taipan = await startReplicas(project, [...bind, ...args])
    expect(await get(taipan.url)).toBe('0 0, 1 1, 2 2, missing')
    await taipan.stop()
  })
})
