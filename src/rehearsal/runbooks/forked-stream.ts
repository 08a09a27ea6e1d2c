/**
 * Forked stream: two valid releases for one sequence, signed with stolen keys and shown to
 * different regions. Everything stops there until the charter says which one stands.
 *
 * Programs here go to the node of their region alone and demand no region, or no two of them could
 * be shown different releases.
 *
 * @module
 */
import type { Cluster } from '../cluster.ts';
import { fieldOf, listOf } from '../printed.ts';
import { CHARTERS, everywhere, type Head, headAt, RELEASES } from '../standing.ts';
import type { Runbook, Step } from '../step.ts';
import { expectSight, until } from '../unmet.ts';
import {
  begin,
  goOn,
  lackRegions,
  ON,
  planCharter,
  propose,
  publishAnew,
  refused,
  taken,
} from './common.ts';

const ANA_2 = 'signers/ana-2.age';
const BEN_2 = 'signers/ben-2.age';
/** The exit code of what does not fit the history. */
const FORK_EXIT = 5;
/** Who see the release that stands in the end. */
const MOST = ['iad', 'sin'];

export const forkedStream: Runbook = {
  name: 'forked-stream',
  summary: 'stolen keys sign two releases for one sequence; all stop, and the charter decides',
  programs: { reach: 'own' },
  run: async (cluster, step) => {
    await new Fork(cluster, step).run();
  },
};

class Fork {
  readonly #cluster: Cluster;
  readonly #step: Step;
  #stolen: readonly string[] = [];
  #kept: Head | undefined;

  constructor(cluster: Cluster, step: Step) {
    this.#cluster = cluster;
    this.#step = step;
  }

  async run(): Promise<void> {
    await begin(this.#cluster, this.#step, ['good']);
    this.#cluster.programs.startTraffic();
    await this.#signTwice();
    await this.#meet();
    await this.#stopped();
    await this.#resolve();
    await this.#goOn();
    await this.#replaceKeys();
    await goOn(this.#cluster, this.#step);
  }

  async #signTwice(): Promise<void> {
    const { desk, nodes } = this.#cluster;
    const fra = this.#cluster.node('fra');
    await this.#step('fra is cut off; a thief of two keys publishes without it', async () => {
      this.#stolen = [await desk.steal('signers/ana.age'), await desk.steal('signers/ben.age')];
      await fra.kill();
      await this.#publishEvil('one');
      this.#kept = await headAt(this.#cluster, this.#cluster.near, RELEASES);
      return await this.#used(MOST, 2);
    });
    await this.#step(
      'now the others are cut off, and he publishes another one in fra',
      async () => {
        await Promise.all(nodes.map((node) => node.kill()));
        await fra.start();
        await this.#publishEvil('two');
        const found = await this.#used(['fra'], 2);
        // For later: what he would go on with.
        const next = ['release', 'draft', ...ON, '--draft', 'evil-3.json'];
        await this.#cluster.kedge(next);
        return `${found}; ${await lackRegions(this.#cluster, 2)}`;
      },
    );
  }

  async #publishEvil(name: string): Promise<void> {
    const ca = await this.#cluster.desk.workloadCa(name);
    const draft = `${name}.json`;
    await this.#cluster.kedge(['anchor', 'stage', ca, ...ON, '--draft', draft]);
    await taken(this.#cluster, `his release ${name}`, { draft, keys: this.#stolen });
  }

  /** Waits until the programs of some regions use a release. */
  async #used(regions: readonly string[], sequence: number): Promise<string> {
    const { desk, programs } = this.#cluster;
    return await until(
      `programs in ${regions.join(', ')} use release ${sequence}`,
      () => ({
        holds: regions.every((one) => programs.status(programs.of(one)).sequence === sequence),
        found: programs.describe(),
      }),
      desk,
    );
  }

  async #meet(): Promise<void> {
    const { programs } = this.#cluster;
    await this.#step(
      'the regions meet: every node stops, programs keep what they use',
      async () => {
        await Promise.all(MOST.map((region) => this.#cluster.node(region).start()));
        return await this.#cluster.until(
          'the fork is known to all nodes and programs',
          async () => {
            const heads = await Promise.all(
              this.#cluster.running.map((node) => headAt(this.#cluster, node, RELEASES)),
            );
            const forked = heads.filter((head) => head?.isForked === true).length;
            const isTold = programs.all.every((one) => programs.status(one).state === 'forked');
            return {
              holds: forked === heads.length && isTold,
              found: `${forked} of ${heads.length} nodes stopped; ${programs.describe()}`,
            };
          },
        );
      },
    );
  }

  async #stopped(): Promise<void> {
    await this.#step('nobody can publish on either side', async () => {
      const draft = 'evil-3.json';
      const more = { draft, keys: this.#stolen, code: 'FORK' };
      const thief = await refused(this.#cluster, 'the next release of the thief', more);
      const argv = ['release', 'draft', ...ON, '--draft', 'too-early.json'];
      const { code } = await this.#cluster.desk.run(argv, this.#cluster.near);
      const ours = expectSight('a draft of ours ends with 5 (FORK)', {
        holds: code === FORK_EXIT,
        found: `exit code ${code}`,
      });
      return `${thief}; a draft of ours: ${ours}`;
    });
  }

  async #resolve(): Promise<void> {
    const { programs } = this.#cluster;
    const { digest = '' } = this.#kept ?? {};
    await this.#step('see who signed twice; the charter says which one stands', async () => {
      const [fork] = listOf(await this.#cluster.json(['fork', 'show']));
      const who = listOf(fieldOf(fork, 'signedBoth')).join(', ');
      expectSight('the fork shows who signed both', { holds: who === 'ana, ben', found: who });
      const resolve = ['fork', 'resolve', RELEASES, '--keep', digest, '--out', 'charter-2.json'];
      await this.#cluster.kedge(resolve);
      await propose(this.#cluster, 'charter-2.json', { of: CHARTERS });
      const charter = await everywhere(this.#cluster, { stream: CHARTERS, sequence: 2 });
      return `signed both: ${who}; ${charter}`;
    });
    await this.#step('every node goes on along that side; programs do not go back', () =>
      this.#cluster.until('nodes hold the release that stands', async () => {
        const heads = await Promise.all(
          this.#cluster.running.map((node) => headAt(this.#cluster, node, RELEASES)),
        );
        const has = heads.filter((head) => head?.digest === digest && !head.isForked).length;
        const { state } = programs.status(programs.of('fra'));
        const nodes = `${has} of ${heads.length} nodes at (${digest.slice(0, 8)})`;
        return {
          holds: has === heads.length && state === 'overruled',
          found: `${nodes}; ${programs.describe()}`,
        };
      }),
    );
  }

  async #goOn(): Promise<void> {
    await this.#step('what stands on the side that fell is refused', async () => {
      const draft = 'evil-3.json';
      const more = { draft, keys: this.#stolen, code: 'PREVIOUS' };
      return await refused(this.#cluster, 'the next release of the thief', more);
    });
    await this.#step('the next release reaches all, on both sides', () =>
      publishAnew(this.#cluster, 'next.json'),
    );
  }

  async #replaceKeys(): Promise<void> {
    const { desk } = this.#cluster;
    await this.#step('replace the keys that signed both, publish under the charter', async () => {
      await desk.signerKey('ana', ANA_2);
      await desk.signerKey('ben', BEN_2);
      const replace = ['ana', 'ben'].flatMap((one) => [
        '--replace-key',
        `${one}=signers/${one}-2.age.pub`,
      ]);
      await planCharter(this.#cluster, 'charter-3.json', ['rotate', ...replace]);
      const keys = ['signers/ben.age', ANA_2, BEN_2];
      const approvals = keys.map((key) => ({ key, region: 'fra' }));
      await propose(this.#cluster, 'charter-3.json', { of: CHARTERS, approvals });
      const charter = await everywhere(this.#cluster, { stream: CHARTERS, sequence: 3 });
      const anew = { key: ANA_2, approvals: [{ key: BEN_2, region: 'fra' }] };
      return `${charter}; ${await publishAnew(this.#cluster, 'anew.json', anew)}`;
    });
    await this.#step('the stolen keys are worth nothing', async () => {
      await this.#cluster.kedge(['release', 'draft', ...ON, '--draft', 'evil-5.json']);
      const evil = { draft: 'evil-5.json', keys: this.#stolen, code: 'THRESHOLD' };
      return await refused(this.#cluster, 'a release', evil);
    });
  }
}
