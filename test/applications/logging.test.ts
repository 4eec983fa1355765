import { describe, expect, test } from 'vitest'

import { fetchRaw, pollUntil } from '../support/raw-client.ts'
import { createFolder, serve } from '../system/command.ts'
import { PYTHON } from './support/site.ts'

const FLASK = `from flask import Flask
app = Flask(__name__)
@app.get("/")
def index():
    app.logger.warning("low stock", extra={"order": 12})
    raise LookupError("marker")
`
const DJANGO = `from django.conf import settings
settings.configure(DEBUG=True, ROOT_URLCONF=__name__, SECRET_KEY="x", ALLOWED_HOSTS=["*"])
import django, logging
django.setup()
from django.urls import path
def index(request):
    logging.getLogger("django.shop").warning("low stock", extra={"order": 12})
    raise LookupError("marker")
urlpatterns = [path("", index)]
from django.core.wsgi import get_wsgi_application
application = get_wsgi_application()
`
const CONFIGURED = DJANGO.replace(
  'DEBUG=True',
  `DEBUG=True, LOGGING={"version": 1, "disable_existing_loggers": False,
  "formatters": {"own": {"format": "mine %(message)s"}},
  "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "own"}},
  "loggers": {"django": {"handlers": ["console"], "propagate": False}}}`,
)

type Line = Readonly<Record<string, unknown>>

/** The records of one request to a site that logs and fails. */
async function recordFailure(text: string, engine: string): Promise<Line[]> {
  await using folder = await createFolder({ 'site_app.py': text })
  const args = ['site_app.py', '-e', engine, '--python', PYTHON, '--log-format', 'json']
  await using taipan = serve(folder, args)
  expect((await fetchRaw(await taipan.waitForUrl(), '/')).status).toBe(500)
  await taipan.waitForOutput(/LookupError: marker/)
  return await pollUntil(() => {
    const lines = taipan.output.split('\n').filter((line) => line.startsWith('{'))
    const records = lines.map((line): Line => JSON.parse(line))
    return records.some(({ status }) => status === 500) ? records : undefined
  }, 'the access record')
}

describe.each(['daemon', 'embedded'])('engine %s', (engine) => {
  test.each([
    ['Flask', FLASK],
    ['Django', DJANGO],
  ])('records of %s are records, each once', async (_, text) => {
    const records = await recordFailure(text, engine)
    const stock = records.filter(({ msg }) => msg === 'low stock')
    expect(stock).toEqual([
      expect.objectContaining({ level: 'warn', stream: 'logging', order: 12 }),
    ])
    const failures = records.filter((record) => JSON.stringify(record).includes('LookupError'))
    expect(failures).toEqual([
      expect.objectContaining({
        level: 'error',
        stream: 'logging',
        logger: expect.any(String),
        traceback: expect.stringMatching(/^Traceback [^]*LookupError: marker$/),
      }),
    ])
  })

  test("Django's LOGGING of the application wins, and its tracebacks are errors", async () => {
    const records = await recordFailure(CONFIGURED, engine)
    expect(records.filter(({ msg }) => String(msg).includes('low stock'))).toEqual([
      expect.objectContaining({ level: 'output', stream: 'stderr', msg: 'mine low stock' }),
    ])
    expect(records.filter(({ msg }) => String(msg).includes('LookupError'))).toEqual([
      expect.objectContaining({ level: 'error', msg: expect.stringMatching(/^mine Internal/) }),
    ])
  })
})
