import { defineConfig } from 'taipan'

export default defineConfig({
  bind: ['127.0.0.1:8000'],
  routes: [
    // The modules beside the templates are no scripts.
    { path: '/', scripts: 'site', kinds: { '.tmpl': 'cheetah', '.py': false } },
  ],
})
