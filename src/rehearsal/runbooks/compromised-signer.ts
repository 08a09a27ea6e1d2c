/**
 * Compromised signer: one stolen key is replaced; of as many as a quorum the realm is recovered,
 * and what the thief published falls, though regions vouched for it.
 *
 * @module
 */
import type { Cluster } from '../cluster.ts';
import { BUNDLE } from '../names.ts';
import { listOf, textOf } from '../printed.ts';
import { CHARTERS, everywhere, headAt, RELEASES } from '../standing.ts';
import type { Runbook, Step } from '../step.ts';
import { Pair } from '../traffic.ts';
import { expectSight, type Sight } from '../unmet.ts';
import { begin, goOn, ON, planCharter, propose, publishAnew, refused, taken } from './common.ts';

const ANA_2 = 'signers/ana-2.age';
const BEN_2 = 'signers/ben-2.age';
/** Under the thief's charter. */
const MALLORY = ['thief/mallory.age', 'thief/moe.age'];
const RECOVERY = [1, 2].map((one) => `recovery/recovery-${one}.age`);
const NEXT_RECOVERY = [4, 5, 6].map((one) => `recovery/recovery-${one}.age`);

export const compromisedSigner: Runbook = {
  name: 'compromised-signer',
  summary: 'one stolen key is replaced; after a stolen quorum recovery keys take the realm back',
  run: async (cluster, step) => {
    await begin(cluster, step, ['good']);
    cluster.programs.startTraffic();
    await cluster.desk.workloadCa('evil');
    await replaceKey(cluster, step);
    await new StolenQuorum(cluster, step).run();
    await goOn(cluster, step);
  },
};

/** First part: one key. */
async function replaceKey(cluster: Cluster, step: Step): Promise<void> {
  const { desk } = cluster;
  let cleo = '';
  await step('one key is stolen, and the thief tries what takes two', async () => {
    cleo = await desk.steal('signers/cleo.age');
    const keys = [cleo];
    await stageEvil(cluster, 'evil-1.json');
    await cluster.kedge(['charter', 'rotate', '--remove-signer', 'ana', '--out', 'evil-2.json']);
    const tries = [
      await refused(cluster, 'a release', { draft: 'evil-1.json', keys, code: 'THRESHOLD' }),
      await refused(cluster, 'a charter', { draft: 'evil-2.json', keys, code: 'THRESHOLD' }),
    ];
    return tries.join('; ');
  });
  await step('Cleo makes a new key; Ana and Ben sign, until everybody has it', async () => {
    await desk.signerKey('cleo', 'signers/cleo-2.age');
    const replace = ['--replace-key', 'cleo=signers/cleo-2.age.pub', '--note', 'stolen laptop'];
    await planCharter(cluster, 'charter-2.json', ['rotate', ...replace]);
    await propose(cluster, 'charter-2.json', { of: CHARTERS });
    return await everywhere(cluster, { stream: CHARTERS, sequence: 2 });
  });
  await step('publish under it', () => publishAnew(cluster, 'under-2.json'));
  await step('look for what the key signed', async () => {
    await cluster.kedge(['proposal', 'list', '--ended']);
    await cluster.kedge(['release', 'history', BUNDLE]);
    const forks = listOf(await cluster.json(['fork', 'show']));
    const entries = listOf(await cluster.json(['audit', 'log', '--kind', 'refused']));
    const codes = entries.map((entry) => textOf(entry, 'code'));
    return expectSight('no fork, and both attempts in the audit log', {
      holds: forks.length === 0 && codes.filter((code) => code === 'THRESHOLD').length >= 2,
      found: `${forks.length} forks; refused in the audit log: ${codes.join(', ')}`,
    });
  });
  await step('the old key can revoke no more', async () => {
    const draft = 'evil-3.json';
    await cluster.kedge(['anchor', 'revoke', 'good/ca.pem', ...ON, '--draft', draft]);
    return await refused(cluster, 'a revocation', { draft, keys: [cleo], code: 'THRESHOLD' });
  });
}

/** The thief's CA, in a draft on top of what the first node has. */
async function stageEvil(cluster: Cluster, draft: string): Promise<void> {
  await cluster.kedge(['anchor', 'stage', 'evil/ca.pem', ...ON, '--draft', draft]);
}

/** Second part: as many keys as a quorum. */
class StolenQuorum {
  readonly #cluster: Cluster;
  readonly #step: Step;
  #stolen: readonly string[] = [];

  constructor(cluster: Cluster, step: Step) {
    this.#cluster = cluster;
    this.#step = step;
  }

  async run(): Promise<void> {
    await this.#stealTwo();
    await this.#takeOver();
    await this.#recover();
    await this.#publish();
    await this.#tryAgain();
  }

  async #stealTwo(): Promise<void> {
    const { desk } = this.#cluster;
    await this.#step('two keys are stolen, and the thief makes himself the signer', async () => {
      this.#stolen = [await desk.steal('signers/ana.age'), await desk.steal('signers/ben.age')];
      await desk.signerKey('mallory', 'thief/mallory.age');
      await desk.signerKey('moe', 'thief/moe.age');
      const roles = ['charter=2:mallory,moe', 'release=2:mallory,moe', 'revoke=1:mallory'];
      await this.#cluster.kedge([
        ...['charter', 'rotate', '--out', 'evil-charter.json', '--hold-down', '0s'],
        ...['ana', 'ben', 'cleo'].flatMap((signer) => ['--remove-signer', signer]),
        ...['mallory', 'moe'].flatMap((one) => ['--add-signer', `${one}=thief/${one}.age.pub`]),
        ...roles.flatMap((role) => ['--role', role]),
      ]);
      const keys = [...this.#stolen, ...MALLORY];
      await taken(this.#cluster, 'his charter', { draft: 'evil-charter.json', keys });
      return await everywhere(this.#cluster, { stream: CHARTERS, sequence: 3 });
    });
  }

  /** It is as bad as it looks, which is why one hurries. */
  async #takeOver(): Promise<void> {
    await this.#step('he publishes his CA, and programs trust it', async () => {
      const add = ['anchor', 'add', 'evil/ca.pem', ...ON, '--draft', 'evil-release.json'];
      await this.#cluster.kedge(add);
      await taken(this.#cluster, 'his release', { draft: 'evil-release.json', keys: MALLORY });
      const found = await everywhere(this.#cluster, { stream: RELEASES, sequence: 3 });
      expectSight('a leaf of his CA is accepted', await this.#intrude('accepted'));
      // For later: what he has in hand when the realm is taken back.
      await this.#cluster.kedge(['charter', 'rotate', '--out', 'evil-late-charter.json']);
      const late = ['release', 'draft', ...ON, '--draft', 'evil-late-release.json'];
      await this.#cluster.kedge(late);
      return `${found}; a leaf of the thief's CA is accepted`;
    });
  }

  async #recover(): Promise<void> {
    const { desk } = this.#cluster;
    await this.#step('two recovery keys and new keys sign, until everybody is back', async () => {
      await desk.signerKey('ana', ANA_2);
      await desk.signerKey('ben', BEN_2);
      for (const file of NEXT_RECOVERY) await desk.signerKey('recovery', file);
      const draft = 'recovery.json';
      const argv = [
        ...['charter', 'recover', '--after', '2', '--out', draft, '--note', 'two laptops stolen'],
        ...RECOVERY.flatMap((file) => ['--key', file]),
        ...['--replace-key', `ana=${ANA_2}.pub`, '--replace-key', `ben=${BEN_2}.pub`],
        ...NEXT_RECOVERY.flatMap((file) => ['--recovery-key', `${file}.pub`]),
        ...['--recovery-threshold', '2', '--yes'],
      ];
      await desk.kedge(argv, this.#cluster.near, [0, 12]);
      await this.#cluster.kedge(['charter', 'plan', draft]);
      for (const key of [ANA_2, BEN_2]) {
        const sign = ['charter', 'sign', draft, '--key', key, '--yes'];
        await desk.kedge(sign, this.#cluster.near, [0, 12]);
      }
      await this.#cluster.kedge(['charter', 'submit', draft], this.#cluster.node('fra'));
      const ours = await headAt(this.#cluster, this.#cluster.node('fra'), CHARTERS);
      const charter = await everywhere(this.#cluster, { stream: CHARTERS, sequence: 3, ...ours });
      return `${charter}; ${await this.#fallen()}`;
    });
  }

  /** His release goes with his charter; programs keep the set until there is one of ours. */
  async #fallen(): Promise<string> {
    const { programs, running } = this.#cluster;
    return await this.#cluster.until('release 2 is the head, programs are overruled', async () => {
      const heads = await Promise.all(running.map((node) => headAt(this.#cluster, node, RELEASES)));
      const isBack = heads.every((head) => head?.sequence === 2 && !head.isForked);
      const isTold = programs.all.every((one) => programs.status(one).state === 'overruled');
      const sequences = heads.map((head) => head?.sequence ?? 'none').join(', ');
      return {
        holds: isBack && isTold,
        found: `heads of releases: ${sequences}; ${programs.describe()}`,
      };
    });
  }

  async #publish(): Promise<void> {
    await this.#step('publish under it, until leaves of his CA are refused', async () => {
      const signed = { key: ANA_2, approvals: [{ key: BEN_2, region: 'fra' }] };
      const found = await publishAnew(this.#cluster, 'ours.json', signed);
      const refusal = expectSight('a leaf of his CA is refused', await this.#intrude('refused'));
      return `${found}; leaves of the thief's CA: ${refusal}`;
    });
  }

  async #tryAgain(): Promise<void> {
    const cluster = this.#cluster;
    await this.#step('whatever he tries now is refused', async () => {
      const keys = this.#stolen;
      await stageEvil(cluster, 'evil-4.json');
      await cluster.kedge(['charter', 'rotate', '--remove-signer', 'ana', '--out', 'evil-5.json']);
      const late = { keys: MALLORY, code: 'PREVIOUS' };
      const tries = [
        await refused(cluster, 'his next charter', { draft: 'evil-late-charter.json', ...late }),
        await refused(cluster, 'his next release', { draft: 'evil-late-release.json', ...late }),
        await refused(cluster, 'a release with the stolen keys', {
          ...{ draft: 'evil-4.json', keys, code: 'THRESHOLD' },
        }),
        await refused(cluster, 'a charter with the stolen keys', {
          ...{ draft: 'evil-5.json', keys, code: 'THRESHOLD' },
        }),
      ];
      return `${tries.join('; ')}; ${cluster.programs.describe()}`;
    });
  }

  /** Calls a program of ours as somebody with a leaf of the thief's CA. */
  async #intrude(wanted: 'accepted' | 'refused'): Promise<Sight> {
    const { desk, programs } = this.#cluster;
    const leaf = await desk.leaf('evil', wanted);
    const { source } = programs.of('iad');
    await using pair = await Pair.open(source, BUNDLE, leaf);
    const why = await pair.call();
    return { holds: (why === undefined) === (wanted === 'accepted'), found: why ?? 'accepted' };
  }
}
