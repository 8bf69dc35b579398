// A real Bluesky PDS and the PLC directory that it needs, on 127.0.0.1, with two accounts that have app passwords.
//
// usage: server.mjs MODULES FOLDER       MODULES has node_modules; FOLDER is empty and this server's own
//
// The first line on standard output is JSON: {"url", "accounts": [{"handle", "did", "password", "app_password"}]}.
// Ends with its standard input.
import { createRequire } from 'node:module'
import { randomBytes } from 'node:crypto'
import net from 'node:net'
import path from 'node:path'

// Both would listen on all interfaces.
const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (port, ...rest) {
  return typeof port === 'number' ? listen.call(this, port, '127.0.0.1', ...rest) : listen.call(this, port, ...rest)
}

const [modules, folder] = process.argv.slice(2)
const require = createRequire(path.join(path.resolve(modules), 'package.json'))
process.env.LOG_ENABLED = 'false'
const plc = require('@did-plc/server')
const pds = require('@atproto/pds')

const portOf = (server) => server.address().port
// The PDS writes its own port into documents, so it has to know one before it listens.
const freePort = () =>
  new Promise((done) => {
    const probe = net.createServer().listen(0, () => {
      const port = portOf(probe)
      probe.close(() => done(port))
    })
  })

const directory = plc.PlcServer.create({ db: plc.Database.mock(), port: await freePort() })
const directoryPort = portOf(await directory.start())

const port = await freePort()
Object.assign(process.env, {
  PDS_PORT: String(port),
  PDS_HOSTNAME: 'localhost',
  PDS_DEV_MODE: 'true',
  PDS_DATA_DIRECTORY: path.resolve(folder),
  PDS_BLOBSTORE_DISK_LOCATION: path.join(path.resolve(folder), 'blobs'),
  PDS_DID_PLC_URL: `http://127.0.0.1:${directoryPort}`,
  PDS_INVITE_REQUIRED: 'false',
  PDS_DISABLE_SSRF_PROTECTION: 'true',
  PDS_JWT_SECRET: randomBytes(16).toString('hex'),
  PDS_ADMIN_PASSWORD: randomBytes(16).toString('hex'),
  PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: randomBytes(32).toString('hex'),
  PDS_RATE_LIMITS_ENABLED: 'true',
})
const env = pds.readEnv()
const server = await pds.PDS.create(pds.envToCfg(env), pds.envToSecrets(env))
await server.start()
const url = `http://127.0.0.1:${port}`

const post = async (name, body, token) => {
  const answer = await fetch(`${url}/xrpc/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${name}: ${answer.status} ${await answer.text()}`)
  return answer.json()
}
const accounts = []
for (const name of ['alice', 'bob']) {
  const password = randomBytes(12).toString('hex')
  const account = { handle: `${name}.test`, email: `${name}@example.com`, password }
  const made = await post('com.atproto.server.createAccount', account)
  const app = await post('com.atproto.server.createAppPassword', { name: 'fencepost' }, made.accessJwt)
  accounts.push({ handle: account.handle, did: made.did, password, app_password: app.password })
}
console.log(JSON.stringify({ url, accounts }))

process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
