import { serve } from '../../../dist/index.js'

const [app, appDirectory, python, port] = process.argv.slice(2)

/** Python in this process. */
await serve({
  app,
  appDirectory,
  engine: 'embedded',
  processes: 1,
  bind: `127.0.0.1:${port}`,
  python,
})
