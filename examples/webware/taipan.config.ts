import { defineConfig } from 'taipan'

export default defineConfig({
  bind: ['127.0.0.1:8000'],
  routes: [
    {
      path: '/',
      // A context of Webware: the folder that its AppServer has among its contexts.
      scripts: 'Market',
      kinds: { '.py': 'servlet' },
      pspDialect: 'webware',
      extension: 'optional',
    },
  ],
})
