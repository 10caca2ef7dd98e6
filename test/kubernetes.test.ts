import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DaemonSet } from 'kubernetes-models/apps/v1/DaemonSet'
import { Deployment } from 'kubernetes-models/apps/v1/Deployment'
import { StatefulSet } from 'kubernetes-models/apps/v1/StatefulSet'
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy'
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget'
import { PersistentVolumeClaim } from 'kubernetes-models/v1/PersistentVolumeClaim'
import { Service } from 'kubernetes-models/v1/Service'
import { ServiceAccount } from 'kubernetes-models/v1/ServiceAccount'
import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { daemonFlags } from '../peersdb/flags.ts'
import { root } from './command.test-helper.ts'

interface Manifest {
  readonly kind: string
  readonly apiVersion: string
  readonly metadata: { readonly name: string }
  readonly spec: Record<string, unknown>
}

interface Container {
  readonly name: string
  readonly image: string
  readonly command?: readonly string[]
  readonly ports?: ReadonlyArray<{ readonly name: string, readonly containerPort: number }>
  readonly securityContext?: Record<string, unknown>
  readonly resources?: { readonly requests?: Record<string, string>, readonly limits?: Record<string, string> }
  readonly volumeMounts?: ReadonlyArray<{ readonly name: string, readonly mountPath: string }>
}

interface Pod {
  readonly metadata: { readonly labels: Record<string, string> }
  readonly spec: {
    readonly containers: readonly Container[]
    readonly securityContext: Record<string, unknown>
    readonly automountServiceAccountToken?: boolean
    readonly nodeSelector?: Record<string, string>
    readonly volumes?: ReadonlyArray<{ readonly name: string }>
  }
}

const classes = { DaemonSet, Deployment, NetworkPolicy, PersistentVolumeClaim, PodDisruptionBudget, Service, ServiceAccount, StatefulSet }
const directory = join(root, 'manifests', 'kubernetes')
const files = readdirSync(directory).filter((name) => name.endsWith('.yaml'))
const manifests = files.flatMap((file) => parseAllDocuments(readFileSync(join(directory, file), 'utf8'), { strict: true })
  .map((document) => ({ file, errors: document.errors, manifest: document.toJS() as Manifest })))
const podOf = ({ spec }: Manifest): Pod | undefined => spec.template as Pod | undefined
const pods = manifests.flatMap(({ manifest }) => {
  const pod = manifest.spec == null ? undefined : podOf(manifest)
  return pod == null ? [] : [[`${manifest.kind} ${manifest.metadata.name}`, pod] as const]
})
const one = (kind: string, name: string): Manifest => manifests.find(({ manifest }) => manifest.kind === kind && manifest.metadata.name === name)!.manifest

describe('manifests for Kubernetes', () => {
  it.each(manifests.map(({ file, errors, manifest }) => [`${file}: ${manifest.kind} ${manifest.metadata.name}`, errors, manifest] as const))(
    'are valid by the schema of Kubernetes: %s', (_, errors, manifest) => {
      expect(errors).toEqual([])
      const Kind = classes[manifest.kind as keyof typeof classes]
      // A class refuses what its schema does not allow, unknown keys of ours among it.
      new (Kind as new (data: unknown) => { validate: () => void })(manifest).validate()
      expect(new (Kind as new (data: unknown) => { apiVersion: string })(manifest).apiVersion).toBe(manifest.apiVersion)
    })

  it('are refused by the same schema where they are wrong', () => {
    const wrong = structuredClone(one('StatefulSet', 'peersdb'))
    delete wrong.spec.selector
    expect(() => { new StatefulSet(wrong as never).validate() }).toThrow(/selector/)
  })

  it.each(pods)('let no container be root, write to its image, gain rights or take all memory: %s', (_, { spec }) => {
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
    expect(spec.automountServiceAccountToken).toBe(false)

    for (const { securityContext, resources } of spec.containers) {
      expect(securityContext).toEqual({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } })
      expect(Object.keys(resources?.requests ?? {}).sort()).toEqual(['cpu', 'memory'])
      expect(resources?.limits?.memory).toMatch(/^\d+[MG]i$/)
    }
  })

  it('mount only volumes that are there, and select pods that are there', () => {
    for (const [, { spec }] of pods) {
      const claimed = (one('StatefulSet', 'peersdb').spec.volumeClaimTemplates as Manifest[]).map(({ metadata }) => metadata.name)
      const there = [...(spec.volumes ?? []).map(({ name }) => name), ...claimed]
      spec.containers.flatMap(({ volumeMounts = [] }) => volumeMounts).forEach(({ name }) => { expect(there).toContain(name) })
    }

    for (const { manifest } of manifests.filter((each) => each.manifest.kind === 'Service')) {
      const { selector, ports } = manifest.spec as { selector: Record<string, string>, ports: Array<{ targetPort: string }> }
      const selected = pods.filter(([, { metadata: { labels } }]) => Object.entries(selector).every(([key, value]) => labels[key] === value))
      expect(selected).toHaveLength(1)
      const named = selected[0]![1].spec.containers.flatMap((container) => container.ports ?? []).map(({ name }) => name)
      ports.forEach(({ targetPort }) => { expect(named).toContain(targetPort) })
    }
  })
})

describe('peers of PeersDB', () => {
  it('are started with flags that a peer has', () => {
    const script = podOf(one('StatefulSet', 'peersdb'))!.spec.containers[0]!.command!.at(-1)!
    const used = [...script.matchAll(/ --([a-z-]+)/g)].map(([, name = '']) => name).filter((name) => name !== 'max-old-space-size')
    expect(used).toEqual(expect.arrayContaining(['root', 'bootstrap', 'directory', 'http-token-file']))
    used.forEach((name) => { expect(Object.keys(daemonFlags)).toContain(name) })
  })

  it('keep less than their disk has', () => {
    const script = podOf(one('StatefulSet', 'peersdb'))!.spec.containers[0]!.command!.at(-1)!
    const [claim] = one('StatefulSet', 'peersdb').spec.volumeClaimTemplates as Array<{ spec: { resources: { requests: { storage: string } } } }>
    const gibibytes = Number(/^(\d+)Gi$/.exec(claim!.spec.resources.requests.storage)?.[1])
    expect(Number(/--store-bytes-max (\d+)/.exec(script)?.[1])).toBeLessThan(gibibytes * 2 ** 30)
  })
})

describe('what Testground\'s runner cluster:k8s looks for', () => {
  /** In its health check and in the pods that it starts (testground v0.6.0, pkg/runner/cluster_k8s.go). */
  const labels = [
    ['app', 'efs-provisioner'], ['app', 'redis'], ['name', 'testground-sync-service'], ['app', 'prometheus'], ['app.kubernetes.io/name', 'grafana'],
    ['name', 'testground-sidecar']
  ] as const

  it.each(labels)('is there: a pod with %s=%s', (key, value) => {
    expect(pods.filter(([, { metadata }]) => metadata.labels[key] === value)).toHaveLength(1)
  })

  it('is there: a claim that many nodes may write to, and a listener on every node of instances', () => {
    expect(one('PersistentVolumeClaim', 'efs').spec.accessModes).toEqual(['ReadWriteMany'])
    const { spec } = podOf(one('DaemonSet', 'testground-sidecar'))!
    expect(spec.nodeSelector).toEqual({ 'testground.node.role.plan': 'true' })
    expect(spec.containers[0]?.ports).toEqual([{ name: 'listener', containerPort: 6060, hostPort: 6060 }])
  })
})
