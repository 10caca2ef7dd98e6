import { command, tryCommand } from './commands.ts'

/** A network of its own, without a route to anywhere: what runs in it reaches itself alone. */
export interface Namespace {
  /** The words that, before a command, have it run in the namespace. */
  readonly enter: readonly [string, ...string[]]
  remove (): Promise<void>
}

/**
 * Makes a network namespace that has nothing but loopback. Testground's data networks use public ranges, such as 16.0.0.0/16, so
 * that no packet of a run may have a way out.
 *
 * @throws StepError
 */
export async function createNamespace (name: string): Promise<Namespace> {
  await command('ip', ['netns', 'add', name])
  // `ip netns exec` would hide the control groups that the container engine needs.
  const enter = ['nsenter', `--net=/run/netns/${name}`] as const
  const remove = async (): Promise<void> => { await tryCommand('ip', ['netns', 'delete', name]) }

  try {
    await command(enter[0], [...enter.slice(1), 'ip', 'link', 'set', 'lo', 'up'])
    const { stdout } = await tryCommand(enter[0], [...enter.slice(1), 'ip', 'route', 'get', '16.0.0.1'])

    if (stdout.trim() !== '') {
      throw new Error(`the namespace ${name} has a route out: ${stdout.trim()}`)
    }

    return { enter, remove }
  } catch (err) {
    await remove()
    throw err
  }
}
