// npm run pictures: makes the pictures of the documentation from the program as it is, in docs/pictures/.
// It needs `script` of util-linux and /usr/bin/chromium.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { chromium } from 'playwright-core'

import { root, say, setUpNode } from './setup-node.mjs'
import { setUpPython } from './setup-python.mjs'
import { formatTerminal } from './terminal-svg.mjs'
import { Terminal } from './terminal.mjs'

/** What is seen in the place of the real paths and names. */
const SHOWN_FOLDER = '/home/ada/shop'
const ADDRESS = 'http://127.0.0.1:8000'
const PROMPT = '\x1b[32mada@garden\x1b[0m:\x1b[34m~/shop\x1b[0m$ npx taipan serve app.py --dev\n'
const COMMAND = `${process.execPath} ${join(root, 'dist/cli/main.js')} serve app.py --dev`
const COLUMNS = 126
/** Longest pause in the picture, in ms. */
const PAUSE = 1500

const APP = `from flask import Flask, request

app = Flask(__name__)
PRICES = {"apple": 2, "pear": 3, "plum": None}


@app.get("/")
def home():
    return "<link rel=icon href=data:,><h1>Fruit, fresh from the garden</h1>"


@app.get("/basket")
def basket():
    api_token = "9f2c-77ab-1e40"
    chosen = request.args["fruit"].split(",")
    total = sum(PRICES[fruit] for fruit in chosen)
    return f"{len(chosen)} pieces, {total} coins"
`

setUpNode()
setUpPython()
const folder = mkdtempSync(join(tmpdir(), 'taipan-pictures-'))
const pictures = join(root, 'docs/pictures')
mkdirSync(pictures, { recursive: true })
try {
  await takePictures()
} finally {
  rmSync(folder, { recursive: true })
}

async function takePictures() {
  symlinkSync(join(root, '.venv-test'), join(folder, '.venv'))
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium' })
  try {
    say('recording a session')
    writeFileSync(
      join(pictures, 'session.svg'),
      formatTerminal(await recordSession(browser), {
        title: 'A session of taipan serve app.py --dev: start, change, stop',
        columns: COLUMNS,
      }),
    )
    say('taking the page of an error')
    await photographError(browser, join(pictures, 'error-page.png'))
  } finally {
    await browser.close()
  }
}

/** A start, a visit, a change, and a stop. */
async function recordSession(browser) {
  const recorded = await serveWhile(async (terminal) => {
    const page = await browser.newPage()
    await page.goto(ADDRESS)
    await terminal.waitFor('GET / ')
    await sleep(PAUSE)
    writeFileSync(join(folder, 'app.py'), APP.replace('Fruit, fresh', 'Fruit and herbs, fresh'))
    await page.getByText('Fruit and herbs').waitFor()
    await sleep(PAUSE)
    await page.close()
  })
  const shown = recorded.listWrites(PAUSE).map(({ at, text }) => ({
    at: at + PAUSE,
    text: text.replaceAll(folder, SHOWN_FOLDER),
  }))
  return [{ at: 0, text: PROMPT }, ...shown]
}

async function photographError(browser, path) {
  await serveWhile(async () => {
    const page = await browser.newPage({
      viewport: { width: 960, height: 585 },
      deviceScaleFactor: 2,
    })
    await page.goto(`${ADDRESS}/basket?fruit=apple,pear,plum`)
    await page.getByText('Local variables').first().click()
    await page.screenshot({ path, animations: 'disabled' })
    await page.close()
  })
}

/** Serves the application in a terminal until a task is done; returns the terminal. */
async function serveWhile(task) {
  writeFileSync(join(folder, 'app.py'), APP)
  const terminal = new Terminal(COMMAND, { folder, columns: COLUMNS })
  try {
    await terminal.waitFor('listening on')
    await task(terminal)
  } finally {
    await terminal.interrupt()
  }
  return terminal
}
