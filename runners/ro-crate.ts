import type { RunRecord } from './run-folder.ts'

/**
 * Describes a run folder as a research object: RO-Crate 1.2 with the Process Run profile 0.5
 * (https://w3id.org/ro/crate/1.2, https://w3id.org/ro/wfrun/process/0.5).
 */
export function roCrate (record: RunRecord): object {
  const about = 'What was run, with everything needed to run it again'
  const input = { '@id': 'run.json', '@type': 'File', name: about, encodingFormat: 'application/json' }
  // The crate is written while the run goes on, too, and names no file that is not there yet.
  const outputs = record.endedAt == null
    ? []
    : [{ '@id': 'outcome.json', '@type': 'File', name: 'Verdict and the outcome of every instance', encodingFormat: 'application/json' }]
  const instances = { '@id': 'instances/', '@type': 'Dataset', name: 'Outputs of every instance, in Testground\'s layout' }

  return {
    '@context': 'https://w3id.org/ro/crate/1.2/context',
    '@graph': [
      {
        '@id': 'ro-crate-metadata.json',
        '@type': 'CreativeWork',
        conformsTo: { '@id': 'https://w3id.org/ro/crate/1.2' },
        about: { '@id': './' }
      },
      {
        '@id': './',
        '@type': 'Dataset',
        name: `Run of plan ${record.plan}, case ${record.case}`,
        description: `A run of the PeersLab testbed with runner ${record.runner} and seed ${record.seed}.`,
        datePublished: record.startedAt,
        license: { '@id': 'https://spdx.org/licenses/CC0-1.0' },
        conformsTo: { '@id': 'https://w3id.org/ro/wfrun/process/0.5' },
        hasPart: [input, ...outputs, instances].map(({ '@id': id }) => ({ '@id': id })),
        mentions: { '@id': '#run' }
      },
      { '@id': 'https://w3id.org/ro/wfrun/process/0.5', '@type': 'CreativeWork', name: 'Process Run Crate', version: '0.5' },
      { '@id': 'https://spdx.org/licenses/CC0-1.0', '@type': 'CreativeWork', name: 'CC0 1.0 Universal' },
      {
        '@id': '#run',
        '@type': 'CreateAction',
        name: `peerslab ${record.command.join(' ')}`,
        description: `Case ${record.case} with runner ${record.runner}, seed ${record.seed}, on ${record.host.cores ?? 'an unknown number of'} cores.`,
        instrument: { '@id': '#peerslab' },
        object: { '@id': input['@id'] },
        startTime: record.startedAt,
        ...(record.endedAt == null ? {} : { endTime: record.endedAt }),
        result: [...outputs, instances].map(({ '@id': id }) => ({ '@id': id })),
        actionStatus: { '@id': `http://schema.org/${record.endedAt == null ? 'ActiveActionStatus' : 'CompletedActionStatus'}` }
      },
      {
        '@id': '#peerslab',
        '@type': 'SoftwareApplication',
        name: 'PeersLab',
        softwareVersion: `${record.peerslab}${record.commit == null ? '' : ` (commit ${record.commit}${record.dirty === true ? ', with changes' : ''})`}`,
        softwareRequirements: Object.entries(record.versions).map(([name, version]) => `${name} ${version}`)
      },
      input,
      ...outputs,
      instances
    ]
  }
}
