import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'

import { ENGINES } from '../applications/support/engines.ts'
import type { RunningTaipan } from '../support/cli.ts'
import { DEADLINE } from '../support/deadlines.ts'
import { layOut } from './project.ts'
import type { Engine, Files } from './row.ts'
import { DJANGO } from './rows/django.ts'
import { createVisitor, type Visitor } from './visitor.ts'

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path))

const SHOP = `from flask import Flask

app = Flask(__name__)

@app.get("/")
def home():
    return "<!doctype html><h1>Everything must go</h1>"

@app.get("/sum")
def sum_up():
    password = "hunter2-never-shown"
    prices = [3, 4, None]
    return f"{sum(prices)} in all"
`

/** What it raises, its variables and its frames are markup. */
const HOSTILE = `evil = '"><img src=x onerror="window.attacked=1"><script>window.attacked=1</script>'

def application(environ, start_response):
    markup = {evil: [evil] * 50, "long": "w" * 5000}
    raise ValueError(evil, len(markup))
`

let visitor: Visitor
let browser: Browser

beforeAll(async () => {
  if (CHROMIUM === undefined) return
  visitor = await createVisitor()
  const home = join(visitor.folder, 'browser')
  mkdirSync(home)
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    env: { PATH: '/usr/bin:/bin', HOME: home, TMPDIR: home },
  })
})

afterAll(async () => {
  await browser?.close()
  visitor?.[Symbol.dispose]()
})

describe.skipIf(CHROMIUM === undefined).each(ENGINES)('in Chromium, engine %s:', (engine) => {
  test('the admin is dressed', async () => {
    const { taipan } = await develop(engine, DJANGO)
    const { page, failures } = await open(`${taipan.url}/admin/`)
    await page.getByLabel('Username').waitFor()
    // #417690 of the stylesheet of the admin.
    expect(await colourOf(page, '#header')).toBe('rgb(65, 118, 144)')
    expect(failures).toEqual([])
  })

  test('the page follows the files', async () => {
    const { taipan, edit } = await develop(engine, DJANGO)
    const { page } = await open(`${taipan.url}/polls/`)
    await page.getByText('polls by WSGIRequest').waitFor()
    edit('polls/templates/polls/index.html', '<h1>a new template, {{ kind }}</h1>')
    await page.getByText('a new template, WSGIRequest').waitFor()
    const view = DJANGO['polls/views.py'] ?? ''
    edit('polls/views.py', view.replace('type(request).__name__', '"and a new view"'))
    await page.getByText('a new template, and a new view').waitFor()
  })

  test('an error is explained, and leaves when it is mended', async () => {
    const { taipan, edit } = await develop(engine, { 'app.py': SHOP })
    const { page } = await open(`${taipan.url}/sum`)
    await page.getByRole('heading', { name: 'TypeError' }).waitFor()
    const failed = page.locator('.failed').first()
    expect(await failed.innerText()).toContain('return f"{sum(prices)} in all"')
    const link = page.getByRole('link', { name: 'Open in Zed' }).first()
    expect(await link.getAttribute('href')).toMatch(/^zed:\/\/file\/.*\/app\.py:13:\d+$/)
    const prices = page.getByRole('row', { name: 'prices' })
    expect(await prices.isVisible()).toBe(false)
    await page.getByText('Local variables').first().click()
    expect(await prices.innerText()).toContain('[3, 4, None]')
    expect(await page.content()).not.toContain('hunter2')
    await page.getByRole('button', { name: 'Copy as text' }).click()
    await page.getByRole('button', { name: 'Copied' }).waitFor()
    const copied = await page.evaluate('navigator.clipboard.readText()')
    expect(copied).toMatch(/^Traceback \(most recent call last\):\n.*\nTypeError: unsupported/s)
    edit('app.py', SHOP.replace('None', '5'))
    await page.getByText('12 in all').waitFor()
  })

  test.each(['light', 'dark'] as const)('an error fits into narrow windows, %s', async (scheme) => {
    const { taipan } = await develop(engine, { 'app.py': HOSTILE })
    const { page, failures } = await open(`${taipan.url}/?q=${'x'.repeat(300)}`, scheme)
    await page.setViewportSize({ width: 360, height: 700 })
    await page.getByRole('heading', { name: 'ValueError' }).waitFor()
    await page.evaluate(
      "document.querySelectorAll('details').forEach((one) => { one.open = true })",
    )
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360)
    const [text, ground] = [await colourOf(page, 'body', 'color'), await colourOf(page, 'body')]
    expect(brightness(text) > brightness(ground)).toBe(scheme === 'dark')
    // Nothing of what it shows is run, and it loads nothing.
    expect(await page.evaluate('window.attacked')).toBeUndefined()
    expect(failures).toEqual([expect.stringMatching(/^500 http:/)])
  })

  test('code that breaks shows its error in the place of the page, until it is mended', async () => {
    const { taipan, edit } = await develop(engine, { 'app.py': SHOP })
    const { page } = await open(taipan.url)
    await page.getByText('Everything must go').waitFor()
    edit('app.py', SHOP.replace('def home():', 'def home()'))
    await page.getByRole('heading', { name: 'SyntaxError' }).waitFor()
    edit('app.py', SHOP.replace('must go', 'is gone'))
    await page.getByText('Everything is gone').waitFor()
  })
})

/** Starts `taipan serve --dev` in a new project of the visitor. */
async function develop(
  engine: Engine,
  files: Files,
): Promise<{ taipan: RunningTaipan; edit: (name: string, text: string) => void }> {
  const row = { name: '', files, command: 'taipan serve --dev' }
  const { project } = layOut(join(visitor.folder, crypto.randomUUID()), row, visitor)
  const taipan = visitor.type(row.command, {
    cwd: project,
    env: { TAIPAN_ENGINE: engine, EDITOR: 'zed --wait' },
  })
  onTestFinished(async () => {
    await taipan.stop()
  })
  await taipan.waitForUrl()
  return { taipan, edit: (name, text) => writeFileSync(join(project, name), text) }
}

/** A page of its own, and what could not be loaded for it. */
async function open(
  url: string,
  colorScheme: 'light' | 'dark' = 'light',
): Promise<{ page: Page; failures: readonly string[] }> {
  const permissions = ['clipboard-read', 'clipboard-write']
  const context = await browser.newContext({ permissions, colorScheme })
  onTestFinished(async () => await context.close())
  context.setDefaultTimeout(DEADLINE)
  const page = await context.newPage()
  const failures: string[] = []
  page.on('requestfailed', (request) => failures.push(request.url()))
  page.on('response', (response) => {
    if (response.status() >= 400) failures.push(`${response.status()} ${response.url()}`)
  })
  await page.goto(url)
  return { page, failures }
}

async function colourOf(
  page: Page,
  selector: string,
  property: 'color' | 'backgroundColor' = 'backgroundColor',
): Promise<string> {
  const text = `getComputedStyle(document.querySelector('${selector}')).${property}`
  return String(await page.evaluate(text))
}

/** Of a colour like `rgb(1, 2, 3)`. */
function brightness(colour: string): number {
  return (colour.match(/\d+/g) ?? []).reduce((sum, part) => sum + Number(part), 0)
}
