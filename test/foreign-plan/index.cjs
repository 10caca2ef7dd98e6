/** A plan on Testground's SDK alone, as its example-js is: what a runner must carry out without knowing it. */
const { writeFileSync } = require('node:fs')
const { createConnection, createServer } = require('node:net')
const { join } = require('node:path')
const { invokeMap, network } = require('@testground/sdk')

/** Says what it was given. */
async function output (runenv, client) {
  await client.signalEntry('said')
  runenv.recordMessage(`${runenv.testInstanceParams.text}, ${runenv.testInstanceParams.none}`)
  writeFileSync(join(runenv.testOutputsPath, 'said.txt'), runenv.testInstanceParams.text)
}

async function failure (runenv, client) {
  await client.signalEntry('failing')
  throw new Error('intentional oops')
}

/** The first one waits for all others to be ready, and lets them go. */
async function sync (runenv, client) {
  const number = await client.signalEntry('enrolled')

  if (number === 1) {
    await (await client.barrier('ready', runenv.testInstanceCount - 1)).wait
    await client.publish('order', { text: 'go' })
    await client.signalEntry('released')
    return
  }

  await client.signalEntry('ready')
  await (await client.barrier('released', 1)).wait
  const { wait, cancel } = await client.subscribe('order')
  const { value } = await wait.next()
  cancel()

  if (value.text !== 'go') {
    throw new Error(`the order was ${JSON.stringify(value)}`)
  }
}

/** Two instances talk over the data network. */
async function pingpong (runenv, client) {
  const net = network.newClient(client, runenv)
  await net.waitNetworkInitialized()
  await net.configureNetwork({
    network: 'default', enable: true, default: { latency: 0 }, callbackState: 'configured', callbackTarget: 2, routingPolicy: network.DENY_ALL
  })
  const isListener = await client.signalEntry('roles') === 1
  const address = net.getDataNetworkIP()

  if (isListener) {
    const server = createServer((socket) => { socket.once('data', () => { socket.end('pong') }) }).listen(0, address)
    await new Promise((resolve) => { server.once('listening', resolve) })
    await client.publish('address', { address, port: server.address().port })
    await (await client.barrier('done', 1)).wait
    server.close()
    return
  }

  const { wait } = await client.subscribe('address')
  const { value } = await wait.next()
  const socket = createConnection(value.port, value.address)
  socket.write('ping')
  const said = await new Promise((resolve, reject) => {
    socket.once('data', resolve)
    socket.once('error', reject)
  })
  runenv.recordMessage(`heard ${said}`)
  await client.signalEntry('done')
}

invokeMap({ output, failure, sync, pingpong })
  .then(() => { process.exit(0) })
