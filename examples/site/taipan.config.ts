import { defineConfig } from 'taipan'

export default defineConfig({
  bind: ['127.0.0.1:8000'],
  groups: {
    examples: { processes: 2, threads: 4 },
  },
  apps: {
    home: { target: 'apps/home.py', group: 'examples' },
    hello: { target: 'apps/hello.py', group: 'examples' },
    environ: { target: 'apps/environ.py', group: 'examples' },
    flask: { target: 'apps/flask_page.py', group: 'examples' },
    stream: { target: 'apps/stream.py', group: 'examples' },
    upload: { target: 'apps/upload.py', group: 'examples' },
    error: { target: 'apps/error.py', group: 'examples' },
    // Loaded again when the file changes: edit it while the site runs.
    edit: {
      appDirectory: 'apps',
      appFilename: 'edit_me.py',
      callable: 'handler',
      reloadOnModification: true,
      group: 'examples',
    },
  },
  routes: [
    { path: '/', app: 'home' },
    { path: '/hello', app: 'hello' },
    { path: '/environ', app: 'environ' },
    { path: '/flask', app: 'flask' },
    { path: '/stream', app: 'stream' },
    { path: '/upload', app: 'upload' },
    { path: '/error', app: 'error' },
    { path: '/edit', app: 'edit' },
    { path: '/static', static: 'public', cacheControl: 'max-age=60' },
    { path: '/moved', redirect: '/hello', status: 308 },
  ],
})
