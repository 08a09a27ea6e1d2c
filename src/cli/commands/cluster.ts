/**
 * `kedge cluster`: whether all nodes of a realm are there and hold the same.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import { addExamples } from '../help.ts';
import { type Cluster, gatherCluster, type Unreachable } from '../node/cluster.ts';
import { clusterJson, formatCluster } from '../node/cluster-view.ts';
import { type AskedNode, askNode } from '../node/view.ts';
import { addRealmOptions, type RealmOptions } from '../realm/options.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';
import { addRefreshOptions, type RefreshOptions, refresh } from '../terminal/refreshing.ts';
import { addWaitOptions, Patience, readTimeoutMs, type WaitOptions } from '../waiting.ts';

interface Options extends RealmOptions, RefreshOptions, WaitOptions {
  readonly nodes?: string;
}

/** One look: the cluster, and what is to be warned of. */
interface Look {
  readonly cluster: Cluster;
  readonly warnings: readonly string[];
}

const NODES_MAX = 100;
const WAIT_EVERY_MS = 1000;

/** The command. */
export const cluster: CommandModule = {
  configure(command, session) {
    command.description(
      'Show all nodes by region: state, role, whether they hold the same, what they lack, links ' +
        'that are down, forks. One node tells what it knows of the others; with --nodes, or ' +
        '`nodes:` in the profile, each is asked for itself. Exit code 0 only when all members ' +
        'are alive, reach each other and hold the same and nothing is forked, else 1.',
    );
    addRealmOptions(command);
    addRefreshOptions(command);
    command.option('--nodes <list>', "host:port of several nodes' admin listeners, with commas");
    addWaitOptions(command, 'wait until it is well').action((options: Options) =>
      run(session, options),
    );
    addExamples(command, [
      'kedge cluster',
      'kedge cluster --nodes iad-1.example.org:7442,fra-1.example.org:7442 --watch',
      'kedge release submit payments.prod.example.org.draft.json && kedge cluster --wait',
      "kedge cluster --output json | jq -r '.problems[]'",
    ]);
  },
};

async function run(session: Session, options: Options): Promise<void> {
  if (options.wait === true && options.watch === true) {
    throw new KedgeError('CONFIG', '--wait ends by itself and --watch does not: give one of them');
  }
  const endpoints = await endpointsOf(session, options);
  readTimeoutMs(options);
  const look = (): Promise<Look> => lookAt(session, options, endpoints);
  await refresh(session, options, async () => {
    const seen = options.wait === true ? await waitUntilWell(session, options, look) : await look();
    const { problems } = seen.cluster;
    session.conclude(problems.length === 0 ? 'good' : 'findings');
    const { styles, isLive } = session.output;
    const verdict = options.watch === true && isLive ? 'first' : 'last';
    const text = formatCluster(seen.cluster, styles, verdict);
    return { json: clusterJson(seen.cluster), text, warnings: seen.warnings };
  });
}

/** The last look when the time is over. A cluster whose nodes do not answer yet is waited for. */
async function waitUntilWell(
  session: Session,
  options: Options,
  look: () => Promise<Look>,
): Promise<Look> {
  const patience = new Patience(session, options, WAIT_EVERY_MS);
  while (true) {
    try {
      const seen = await look();
      const { problems } = seen.cluster;
      if (problems.length === 0 || patience.isOver) return seen;
      await patience.waitFor(problems.join('; '));
    } catch (thrown) {
      const error = KedgeError.from(thrown);
      if (error.code !== 'UNAVAILABLE' || patience.isOver) throw thrown;
      await patience.waitFor(error);
    }
  }
}

/** Asks all at once. Errors: those of the first node when none answers. */
async function lookAt(
  session: Session,
  options: Options,
  endpoints: readonly (string | undefined)[],
): Promise<Look> {
  const asked: AskedNode[] = [];
  const unreachable: Unreachable[] = [];
  let failure: KedgeError | undefined;
  const ask = async (endpoint: string | undefined): Promise<void> => {
    const named = endpoint === undefined ? {} : { node: endpoint };
    try {
      asked.push(await askNode(session, { ...options, ...named }));
    } catch (thrown) {
      const error = KedgeError.from(thrown);
      // A wrong pin or profile is wrong for all of them.
      if (error.code !== 'UNAVAILABLE' && error.code !== 'ACCESS') throw error;
      failure ??= error;
      unreachable.push({ endpoint: endpoint ?? '', reason: error.message });
    }
  };
  await Promise.all(endpoints.map(ask));
  if (asked.length === 0 && failure !== undefined) throw failure;
  const statuses = asked.map(({ status }) => status);
  const warnings = new Set(asked.flatMap((each) => [...each.forks, ...each.reminders]));
  return {
    cluster: gatherCluster(statuses, unreachable, session.context.nowMs()),
    warnings: [...warnings],
  };
}

/** Whom to ask; one undefined stands for the node of `--node` or the profile. */
async function endpointsOf(
  session: Session,
  options: Options,
): Promise<readonly (string | undefined)[]> {
  const { nodes } = await session.profile();
  const listed = options.nodes?.split(',').map((text) => text.trim());
  const endpoints = listed ?? (options.node === undefined ? nodes : []);
  if (endpoints.length > NODES_MAX || endpoints.includes('')) {
    throw new KedgeError('CONFIG', `--nodes takes 1 to ${String(NODES_MAX)} host:port`);
  }
  return endpoints.length === 0 ? [undefined] : [...new Set(endpoints)];
}
