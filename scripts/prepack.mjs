// npm pack and npm publish: installs what the build needs, and builds, so that a fresh clone makes a complete package.
import { setUpNode } from './setup-node.mjs'

setUpNode()
