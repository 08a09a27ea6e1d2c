/** Runbooks as somebody runs them, and on stages where a step does not do its work. */
import { describe, expect, it } from 'vitest';
import { forgeDraft } from '../../src/cli/draft/forging.ts';
import type { Stage } from '../../src/rehearsal/desk.ts';
import { runProcess } from '../../src/testing/processes.ts';
import { IS_BUILT, MAIN, rehearseSpoiled, withoutDoing } from './support.ts';

const TIMES = { timeout: 240_000 };
/** How long a step waits that cannot succeed: all others of the cluster take less. */
const giveUpMs = 15_000;

interface Done {
  readonly verdict: string;
  readonly handshakes: unknown;
  /** By the names of the steps. */
  readonly evidence: ReadonlyMap<string, string>;
}

async function passes(name: string): Promise<Done> {
  const argv = [MAIN, 'rehearse', name, '--output', 'json'];
  const { code, stdout, stderr } = await runProcess({ argv, timeoutMs: TIMES.timeout });
  expect([code, stderr], stdout).toEqual([0, '']);
  const { steps, ...report } = JSON.parse(stdout) as Omit<Done, 'evidence'> & {
    readonly steps: readonly { readonly name: string; readonly evidence: string }[];
  };
  expect(report).toMatchObject({
    runbook: name,
    verdict: 'passed',
    handshakes: { failed: 0, failures: [] },
  });
  return { ...report, evidence: new Map(steps.map((step) => [step.name, step.evidence])) };
}

describe.skipIf(!IS_BUILT)('kedge rehearse', TIMES, () => {
  it('emergency-distrust', async () => {
    const { evidence } = await passes('emergency-distrust');
    expect(evidence.get('every program uses the release')).toMatch(
      /^release 2 at iad-1, fra-1, sin-1; fra, iad, sin vouch; programs in .*: release 2/,
    );
  });

  it('lost-signer', async () => {
    const { evidence } = await passes('lost-signer');
    expect(evidence.get('somebody found the key, and is refused')).toBe('a revocation: THRESHOLD');
  });

  it('lost-signer fails where the charter gets too few signatures', async () => {
    const spoilt = { kedge: withoutDoing('approve', 'charter', 'signers/ben.age'), giveUpMs };
    const { verdict, steps, handshakes } = await rehearseSpoiled('lost-signer', spoilt);
    expect(verdict).toBe('failed');
    expect(steps.at(-1)).toMatchObject({
      name: 'Ana, Dora and Ben sign it, until everybody has it',
      unmet: {
        expected:
          'charter 2 at iad-1, fra-1, sin-1 and at all programs, vouched for by fra, iad, sin',
        found: expect.stringMatching(/^charter 2 at no node; iad-1 has 1 .*no region vouches/),
      },
    });
    expect(handshakes).toMatchObject({ failed: 0 });
  });

  it('compromised-signer', async () => {
    const { evidence } = await passes('compromised-signer');
    expect(evidence.get('he publishes his CA, and programs trust it')).toMatch(
      /a leaf of the thief's CA is accepted$/,
    );
    expect(evidence.get('two recovery keys and new keys sign, until everybody is back')).toMatch(
      /heads of releases: 2, 2, 2; programs in iad, fra, sin: release 3 \(.{8}\), overruled$/,
    );
    expect(evidence.get('publish under it, until leaves of his CA are refused')).toMatch(
      /^release 3 at iad-1, fra-1, sin-1; fra, iad, sin vouch; programs in .*: release 3/,
    );
    expect(evidence.get('whatever he tries now is refused')).toMatch(
      /^his next charter: PREVIOUS; his next release: PREVIOUS; .*THRESHOLD; .*THRESHOLD;/,
    );
  });

  it('compromised-signer fails where a node takes what a thief hands in', async () => {
    const forge = async (): Promise<void> => Promise.resolve();
    const { verdict, steps } = await rehearseSpoiled('compromised-signer', { forge });
    expect(verdict).toBe('failed');
    expect(steps.at(-1)).toMatchObject({
      name: 'one key is stolen, and the thief tries what takes two',
      unmet: { expected: 'a release is refused with THRESHOLD', found: 'the node took it' },
    });
  });

  it('forked-stream', async () => {
    const { evidence } = await passes('forked-stream');
    expect(evidence.get('see who signed twice; the charter says which one stands')).toMatch(
      /^signed both: ana, ben; charter 2 at iad-1, fra-1, sin-1/,
    );
    const meeting = 'the regions meet: every node stops, programs keep what they use';
    const [, one, two] =
      /iad, sin: release 2 \((.{8})\), forked; program in fra: release 2 \((.{8})\), forked$/.exec(
        evidence.get(meeting) ?? '',
      ) ?? [];
    expect(one).toBeDefined();
    expect(one).not.toBe(two);
    const second = 'now the others are cut off, and he publishes another one in fra';
    expect(evidence.get(second)).toMatch(
      /; whoever demands 2 regions: exit code 9, node .*: no region has cosigned/,
    );
  });

  it('forked-stream fails where a node goes on along one side', async () => {
    const forge: Stage['forge'] = async (forged) => {
      if (!forged.draft.endsWith('evil-3.json')) await forgeDraft(forged);
    };
    const { verdict, steps } = await rehearseSpoiled('forked-stream', { forge });
    expect(verdict).toBe('failed');
    expect(steps.at(-1)).toMatchObject({
      name: 'nobody can publish on either side',
      unmet: {
        expected: 'the next release of the thief is refused with FORK',
        found: 'the node took it',
      },
    });
  });

  it('restore-backup', async () => {
    const { evidence } = await passes('restore-backup');
    expect(evidence.get('with an empty store it fetches all; its key signs nothing')).toMatch(
      /; iad, sin vouch; .*fra-1 logged region\.refused; .*exit code 4/,
    );
    expect(
      evidence.get('others show it what it signed; it holds back, catches up, serves'),
    ).toMatch(/^sin-1 logged store\.suspect; sin-1 logged node\.serving; release 3 at iad-1/);
    expect(evidence.get('all regions vouch, programs are fresh')).toMatch(
      /fra, iad, sin vouch; .*, fresh; 3 regions say that it is the newest/,
    );
  });

  it('restore-backup fails where two regions are enough for whoever demands three', async () => {
    const spoilt = { kedge: withoutDoing('show', '--require-regions') };
    const { verdict, steps } = await rehearseSpoiled('restore-backup', spoilt);
    expect(verdict).toBe('failed');
    expect(steps.at(-1)).toMatchObject({
      name: 'with an empty store it fetches all; its key signs nothing',
      unmet: { found: expect.stringMatching(/^whoever demands 3 regions: exit code 0/) },
    });
  });
});
