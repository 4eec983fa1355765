import { existsSync } from 'node:fs'

import { chromium } from 'playwright-core'
import { expect, test } from 'vitest'

import { startTaipan } from '../support/cli.ts'
import { createProject } from '../support/project.ts'

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path))

const APP = `
PAGE = b"""<!doctype html><h1>plain</h1><script>
const socket = new WebSocket("wss://" + location.host + "/ws")
socket.onmessage = ({ data }) => { document.querySelector("h1").textContent = data }
</script>"""

async def application(scope, receive, send):
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "over " + scope["scheme"]})
        await receive()
    elif scope["type"] == "http":
        headers = [(b"content-type", b"text/html")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": PAGE})
`

test.skipIf(CHROMIUM === undefined)(
  'Chromium reaches localhost with --dev --tls, and its WebSockets',
  async () => {
    using project = createProject({ 'app.py': APP })
    const words = [project.path('app.py'), '--dev', '--tls', '-b', '127.0.0.1:0']
    await using taipan = await startTaipan(words)
    const browser = await chromium.launch({
      executablePath: CHROMIUM ?? '',
      env: { PATH: '/usr/bin:/bin', HOME: project.folder, TMPDIR: project.folder },
      args: ['--no-sandbox'],
    })
    try {
      // Nobody has signed the certificate; a person would be asked.
      const page = await browser.newPage({ ignoreHTTPSErrors: true })
      await page.goto(taipan.url.replace('127.0.0.1', 'localhost'))
      await page.getByText('over wss').waitFor()
      expect(await page.evaluate('window.isSecureContext')).toBe(true)
    } finally {
      await browser.close()
    }
  },
)
