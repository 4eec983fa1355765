import { modCgid, modPython, modPythonThreads } from './apache-scripts.ts'
import { daphne, hypercorn, uvicorn, uvicornPlain } from './asgi.ts'
import { taipanDoors, uwsgiBehindNginx } from './behind-nginx.ts'
import { bjoern, fastPySgi, granian, socketify } from './compiled.ts'
import { fastifyHttpProxy, httpProxy, nginxGateway, taipanGateway } from './gateways.ts'
import { gunicornAsgi, gunicornSync, gunicornThreads } from './gunicorn.ts'
import { modWsgiDaemon, modWsgiEmbedded } from './mod-wsgi.ts'
import { nodeHttp } from './node-http.ts'
import { phpFpm } from './php-fpm.ts'
import { pythonNode } from './python-node.ts'
import type { BenchServer } from './server.ts'
import {
  taipanModPython,
  taipanScripts,
  taipanScriptsEmbedded,
  taipanScriptsFresh,
  taipanScriptsInterpreter,
  taipanScriptsProcess,
  taipanWsgi,
} from './taipan-scripts.ts'
import {
  taipan,
  taipanEmbedded,
  taipanEmbeddedThreads,
  taipanFront,
  taipanLibrary,
  taipanPlain,
} from './taipan.ts'
import { caddyGunicorn, nginxGunicorn } from './tls-doors.ts'
import { uwsgi, uwsgiRouter } from './uwsgi.ts'
import { waitress } from './waitress.ts'

/** Every server, in the order of the report. */
export const SERVERS: readonly BenchServer[] = [
  taipan,
  taipanPlain,
  taipanEmbedded,
  taipanEmbeddedThreads,
  taipanLibrary,
  taipanWsgi,
  taipanScripts,
  taipanScriptsEmbedded,
  taipanScriptsProcess,
  taipanScriptsInterpreter,
  taipanScriptsFresh,
  taipanModPython,
  taipanFront,
  nodeHttp,
  uwsgi,
  uwsgiRouter,
  granian,
  fastPySgi,
  bjoern,
  socketify,
  waitress,
  gunicornSync,
  gunicornThreads,
  modWsgiEmbedded,
  modWsgiDaemon,
  uvicorn,
  uvicornPlain,
  hypercorn,
  gunicornAsgi,
  daphne,
  nginxGunicorn,
  caddyGunicorn,
  pythonNode,
  modPython,
  modPythonThreads,
  modCgid,
  phpFpm,
  ...taipanDoors,
  uwsgiBehindNginx,
  taipanGateway,
  nginxGateway,
  httpProxy,
  fastifyHttpProxy,
]
