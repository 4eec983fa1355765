import { defineConfig } from 'taipan'

export default defineConfig({
  bind: ['127.0.0.1:8000'],
  lrwp: { bind: '127.0.0.1:1081' },
  routes: [
    // Whatever has registered: `python -m taipan.lrwp shop.py --name shop` is at /peers/shop.
    { path: '/peers', lrwp: true },
    { path: '/', scripts: 'site' },
  ],
})
