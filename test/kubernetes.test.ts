import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import ts from 'typescript'
import { afterAll, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { healthPath } from '../peersdb/http/guard.ts'
import { freePort } from './free-port.test-helper.ts'

const root = join(import.meta.dirname, '..')
const manifests = join(root, 'manifests', 'kubernetes')

interface Container {
  name: string
  args?: string[]
  ports?: Array<{ name: string, containerPort: number }>
  resources?: { limits?: object, requests?: object }
  securityContext?: object
  volumeMounts?: Array<{ name: string }>
}

interface Probe {
  httpGet?: { path: string, port: string }
  tcpSocket?: { port: string }
}

interface PodSpec {
  containers: Container[]
  automountServiceAccountToken?: boolean
  securityContext?: { runAsNonRoot?: boolean, seccompProfile?: { type: string } }
  serviceAccountName?: string
  volumes?: Array<{ name: string }>
}

type Model = new (data: object) => { validate: () => void }

interface Manifest {
  apiVersion: string
  kind: string
  metadata: { name: string }
  items?: Manifest[]
  spec?: {
    selector?: Record<string, unknown>
    serviceName?: string
    ports?: Array<{ targetPort: string }>
    template?: { metadata: { labels: Record<string, string> }, spec: PodSpec }
    volumeClaimTemplates?: Manifest[]
  }
}

/** All manifests of a file, those of a list one by one. */
function read (file: string): Manifest[] {
  return parseAllDocuments(readFileSync(join(manifests, file), 'utf8'), { strict: true }).flatMap((document) => {
    expect(document.errors).toEqual([])
    const manifest = document.toJS() as Manifest
    return manifest.items ?? [manifest]
  })
}

const files = ['peersdb', 'testground'].flatMap((room) =>
  readdirSync(join(manifests, room)).filter((name) => name.endsWith('.yaml')).map((name) => `${room}/${name}`))
/** Multus brings this kind, and Kubernetes itself knows nothing of it. */
const foreign = ['NetworkAttachmentDefinition']
/** What makes pods, and how each of them is. */
const workloads = files.flatMap((file) => read(file).flatMap(({ metadata: { name }, spec }) =>
  spec?.template == null ? [] : [{ file, name, spec, pod: spec.template.spec, labels: spec.template.metadata.labels }]))

describe('the manifests for Kubernetes', () => {
  it.for(files)('of %s are what the schema of their kind asks for', async (file) => {
    for (const manifest of read(file).filter(({ kind }) => !foreign.includes(kind))) {
      const models = await import(/* @vite-ignore */ `kubernetes-models/${manifest.apiVersion}`) as Record<string, Model>
      expect(models, `${file} has a ${manifest.kind} of ${manifest.apiVersion}`).toHaveProperty(manifest.kind)
      new models[manifest.kind]!(manifest).validate()
    }
  })

  it('have no field that their kind does not know, which a cluster would pass over', () => {
    const known = files.flatMap(read).filter(({ kind }) => !foreign.includes(kind))
    expect(known.length).toBeGreaterThan(10)
    expect(unknownFields(known)).toEqual([])
    const misspelt = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'x' }, spec: { port: [] } }
    expect(unknownFields([misspelt as unknown as Manifest])[0]).toMatch(/'"port"' does not exist/)
  }, 60_000)

  it.for(workloads)('$name of $file finds what it names: its own labels, volumes, and ports of its probes', ({ spec, pod, labels }) => {
    expect(labels).toMatchObject((spec.selector as { matchLabels: object }).matchLabels)
    const volumes = [...pod.volumes ?? [], ...(spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata)].map(({ name }) => name)

    for (const container of pod.containers) {
      const ports = (container.ports ?? []).map(({ name }) => name)
      const probes = Object.entries(container).filter(([key]) => key.endsWith('Probe')).map(([, probe]) => probe as Probe)
      expect(probes.map(({ httpGet, tcpSocket }) => httpGet?.port ?? tcpSocket?.port).filter((port) => !ports.includes(port ?? ''))).toEqual([])
      expect(probes.flatMap(({ httpGet }) => httpGet?.path ?? []).filter((path) => path !== healthPath)).toEqual([])
      expect((container.volumeMounts ?? []).map(({ name }) => name).filter((name) => !volumes.includes(name))).toEqual([])
      const { resources } = container
      expect(resources).toMatchObject({
        requests: { cpu: expect.any(String), memory: expect.any(String) }, limits: { memory: expect.any(String) }
      })
    }
  })

  it.for(workloads.filter(({ file }) => file !== 'testground/sidecar.yaml'))('$name of $file can do no more than it needs', ({ pod }) => {
    const { automountServiceAccountToken, securityContext, containers } = pod
    expect(automountServiceAccountToken).toBe(false)
    expect(securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
    containers.forEach((container) => {
      const nothing = { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } }
      expect(container.securityContext).toEqual(nothing)
    })
  })

  it('have pods with all labels for which Testground looks before it runs anything', () => {
    // testground v0.6.0, pkg/runner/cluster_k8s.go, Healthcheck.
    const wanted = [
      { app: 'efs-provisioner' }, { app: 'redis' }, { name: 'testground-sync-service' }, { app: 'prometheus' }, { 'app.kubernetes.io/name': 'grafana' },
      { name: 'testground-sidecar' }
    ]
    const labels = workloads.filter(({ file }) => file.startsWith('testground/')).map((workload) => workload.labels)
    wanted.forEach((label) => { expect(labels).toContainEqual(expect.objectContaining(label)) })
  })
})

describe('the peer of the StatefulSet', () => {
  const directory = mkdtempSync(join(tmpdir(), 'peerslab-kubernetes-'))
  afterAll(() => { rmSync(directory, { recursive: true, force: true }) })
  const set = read('peersdb/peersdb.yaml').find(({ kind }) => kind === 'StatefulSet')!
  const { args = [] } = set.spec!.template!.spec.containers[0]!
  const program = (flags: readonly string[]) => spawn(process.execPath, [join(root, 'dist', 'peersdb', 'main.js'), ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = (child: ReturnType<typeof program>): Promise<Array<number | string | null>> => once(child, 'close', { signal: AbortSignal.timeout(30_000) })

  it('is named by its own service, and joins peers of it', () => {
    const services = read('peersdb/peersdb.yaml').filter(({ kind }) => kind === 'Service').map(({ metadata }) => metadata.name)
    expect(services).toContain(set.spec!.serviceName)
    args.filter((arg) => arg.startsWith('--bootstrap=')).forEach((arg) => {
      expect(arg).toMatch(new RegExp(`^--bootstrap=${set.metadata.name}-\\d\\.${set.spec!.serviceName}:4001$`))
    })
  })

  it('starts with the flags of the manifest, answers probes without a token, and ends in good order', async () => {
    const token = join(directory, 'token')
    writeFileSync(token, 'a-token-of-some-length')
    const port = await freePort()
    // What is of the cluster is put in terms of this machine; all other flags stay.
    const here = args.map((arg) => arg
      .replace('/ip4/0.0.0.0/tcp/4001', '/ip4/127.0.0.1/tcp/0').replace(/^(--bootstrap=).*/, '$1/ip4/127.0.0.1/tcp/1')
      .replace('--http-host=0.0.0.0', '--http-host=127.0.0.1').replace('--http-port=8080', `--http-port=${port}`)
      .replace('/run/secrets/peersdb/token', token))
    const child = program([...here, '--directory', join(directory, 'data')])
    const lines = createInterface({ input: child.stdout })

    try {
      for await (const line of lines) {
        if (line === 'ready') {
          break
        }
      }

      expect(await fetch(`http://127.0.0.1:${port}${healthPath}`).then((response) => response.json())).toEqual({ healthy: true })
      expect((await fetch(`http://127.0.0.1:${port}/v1/status`)).status).toBe(401)
    } finally {
      child.kill('SIGTERM')
    }

    expect(await ended(child)).toEqual([0, null])
  }, 60_000)

  it('refuses flags that are none, and an interface that is open to all, in a sentence', async () => {
    const refused: Array<[string[], RegExp]> = [
      [['--nonsense'], /^peersdb: Unknown option '--nonsense'/], [['--http', '--http-host', '0.0.0.0'], /add --http-token-file/]
    ]

    for (const [flags, sentence] of refused) {
      const child = program(flags)
      let told = ''
      child.stderr.on('data', (data) => { told += String(data) })
      expect(await ended(child)).toEqual([64, null])
      expect(told).toMatch(sentence)
    }
  }, 60_000)
})

/** What the compiler finds in the manifests, written as literals of the types of their kinds. */
function unknownFields (all: readonly Manifest[]): string[] {
  const file = join(root, 'test', 'manifests-as-literals.ts')
  const source = all.map((manifest, i) =>
    `import type { I${manifest.kind} as T${i} } from 'kubernetes-models/${manifest.apiVersion}'\nexport const m${i}: T${i} = ${JSON.stringify(manifest)}`).join('\n')
  const options: ts.CompilerOptions = {
    strict: true, noEmit: true, skipLibCheck: true, module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ESNext, types: []
  }
  const host = ts.createCompilerHost(options)
  const { fileExists, getSourceFile } = host
  host.fileExists = (name) => name === file || fileExists(name)
  host.getSourceFile = (name, ...rest) =>
    name === file ? ts.createSourceFile(name, source, ts.ScriptTarget.ESNext) : getSourceFile(name, ...rest)
  const program = ts.createProgram([file], options, host)
  return program.getSemanticDiagnostics(program.getSourceFile(file)).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}
