import { describe, expect, it } from 'vitest';
import type { PolicyRule } from '../../src/core/charter/rules.ts';
import { KedgeError } from '../../src/core/errors.ts';
import type { AnchorId } from '../../src/core/ids.ts';
import { changeAnchor, retireAnchor, revokeAnchor, setNote } from '../../src/core/releases/edit.ts';
import { openApprovals } from '../../src/policy/judge.ts';
import { findingsOf, submissionPolicy } from '../../src/policy/submission.ts';
import type { PolicyPhase } from '../../src/ports/policy.ts';
import { addActive, createTestAnchors, type TestEdit } from '../../src/testing/anchors.ts';
import { createTestRealm, type TestDocument, type TestRealm } from '../../src/testing/realm.ts';
import { EVERYBODY, rolloutPlan } from '../../src/testing/rollouts.ts';
import { TEST_EPOCH_MS } from '../../src/testing/simulated-clock.ts';

const BUNDLE = 'payments.test.example.org';
const anchors = createTestAnchors(6);
const certificates = new Map<AnchorId, Uint8Array>(anchors.map(({ id, facts }) => [id, facts.der]));
const release = (name: string, that: string, more: Partial<PolicyRule> = {}): PolicyRule => ({
  name,
  for: 'release',
  that,
  message: `broken: ${name}`,
  ...more,
});

function realmWith(...rules: readonly PolicyRule[]): TestRealm {
  const realm = createTestRealm();
  realm.nextCharter((charter) => ({ ...charter, policy: { rules } }));
  realm.nextRelease(BUNDLE, addActive(...anchors.slice(0, 5)));
  return realm;
}

/** What a node says to a release on top of what the realm has. */
function verdict(
  realm: TestRealm,
  edit: TestEdit,
  options: {
    readonly signers?: number;
    readonly nowMs?: number;
    readonly phase?: PolicyPhase;
    readonly certificates?: ReadonlyMap<AnchorId, Uint8Array>;
  } = {},
): string {
  const after = realm.releases(BUNDLE).at(-1) ?? 'nothing';
  const signing = options.signers === undefined ? {} : { signers: options.signers };
  const document = realm.nextRelease(BUNDLE, edit, { after, ...signing });
  return verdictOn(realm, document, options);
}

function verdictOn(
  realm: TestRealm,
  { document }: TestDocument,
  options: {
    readonly nowMs?: number;
    readonly phase?: PolicyPhase;
    readonly certificates?: ReadonlyMap<AnchorId, Uint8Array>;
  } = {},
): string {
  try {
    submissionPolicy.require(
      {
        state: realm.trustedState(),
        document,
        certificates: options.certificates ?? certificates,
        nowMs: options.nowMs ?? TEST_EPOCH_MS,
      },
      options.phase ?? 'submission',
    );
    return 'passes';
  } catch (thrown) {
    const { code, message } = KedgeError.from(thrown);
    return `${code}: ${message}`;
  }
}

const first = anchors[0]?.id;
const retireFirst: TestEdit = (body, point) =>
  first === undefined ? body : retireAnchor(body, first, point);
const revokeFirst: TestEdit = (body, point) =>
  first === undefined ? body : revokeAnchor(body, first, point);
const addSixth: TestEdit = addActive(...anchors.slice(5));

describe('rules for releases', () => {
  it('let everything pass where there are none', () => {
    const realm = createTestRealm();
    const document = realm.nextRelease(BUNDLE, addActive(...anchors), { after: 'nothing' });
    expect(verdictOn(realm, document)).toBe('passes');
  });

  it('see the anchor that enters, and name it with rule and message', () => {
    const realm = realmWith(release('keys', "anchor.keyType == 'rsa'"));
    const text = verdict(realm, addSixth);
    expect(text).toContain('POLICY: the rule keys refuses it, for the anchor "CA 6" (');
    expect(text).toContain('broken: keys');
  });

  it.each<[string, TestEdit, string]>([
    ['add', addSixth, "change.kind == 'add' && change.from == '' && change.to == 'active'"],
    ['retire', retireFirst, "change.kind == 'retire' && change.from == 'active'"],
    ['revoke', revokeFirst, "change.kind == 'revoke' && change.to == '' && change.narrows"],
    ['renew', (body) => setNote(body, 'x'), "change.kind == 'renew' && anchor.fingerprint == ''"],
  ])('see the kind of change: %s', (_kind, edit, that) => {
    expect(verdict(realmWith(release('kind', that)), edit)).toBe('passes');
    expect(verdict(realmWith(release('kind', `!(${that})`)), edit)).toContain('the rule kind');
  });

  it('see an edit that comes along with another state', () => {
    const realm = realmWith(release('edits', "change.kind != 'edit'", { approvals: 3 }));
    const retireAndWiden: TestEdit = (body, point) =>
      first === undefined
        ? body
        : changeAnchor(retireFirst(body, point), first, { purposes: ['jwt', 'tls-server'] });
    expect(verdict(realm, retireAndWiden)).toContain('the rule edits');
    expect(verdict(realm, retireFirst)).toBe('passes');
  });

  it('see the facts of certificates, release, realm and time', () => {
    const facts = [
      "anchor.known && anchor.isCa && anchor.selfSigned && anchor.subject.contains('CA 6')",
      'anchor.daysLeft > 3000 && anchor.validityDays >= anchor.daysLeft && anchor.pathLength >= -1',
      "anchor.purposes == ['tls-server'] && anchor.notAfter > time.now",
      "release.bundle.endsWith('.test.example.org') && release.sequence == 2",
      'release.trustedBefore == 5 && release.trustedAfter == 6 && release.changed == 1',
      "realm.name == 'test.example.org' && realm.version == 2 && approvals.threshold == 2",
      "approvals.count == 2 && approvals.signers[0] == 'alice'",
    ];
    const rules = facts.map((that, index) => release(`r${String(index)}`, that));
    expect(verdict(realmWith(...rules), addSixth)).toBe('passes');
  });

  it('hold in change windows; an emergency is exempt only where the rule says so', () => {
    const window = "time.weekday in ['mon', 'tue'] && time.hour >= 8 && time.hour < 16";
    const strict = realmWith(release('window', window));
    const [monday, sunday] = [Date.UTC(2026, 10, 23, 9), Date.UTC(2026, 10, 29, 9)];
    expect(verdict(strict, addSixth, { nowMs: monday })).toBe('passes');
    expect(verdict(strict, addSixth, { nowMs: sunday })).toContain('the rule window');
    expect(verdict(strict, revokeFirst, { nowMs: sunday })).toContain('the rule window');
    const lenient = realmWith(release('window', `change.narrows || (${window})`));
    expect(verdict(lenient, revokeFirst, { nowMs: sunday })).toBe('passes');
    expect(verdict(lenient, addSixth, { nowMs: sunday })).toContain('the rule window');
  });

  it('may ask for more signers by kind of change, and count each once (PO-7)', () => {
    const realm = realmWith(release('three', "change.kind != 'add'", { approvals: 3 }));
    const text = verdict(realm, addSixth, { signers: 2 });
    expect(text).toContain('(or 3 signers; 2 signed so far)');
    expect(verdict(realm, addSixth, { signers: 3 })).toBe('passes');
    expect(verdict(realm, addSixth, { signers: 1, phase: 'signing' })).toBe('passes');
    expect(verdict(realm, retireFirst, { signers: 2 })).toBe('passes');
  });

  it('do not stop who signs for want of signers that are still to come', () => {
    const realm = realmWith(release('three', "change.kind != 'add'", { approvals: 3 }));
    const after = realm.releases(BUNDLE).at(-1) ?? 'nothing';
    const { document } = realm.nextRelease(BUNDLE, addSixth, { after, signers: 1 });
    const state = realm.trustedState();
    const findings = findingsOf({ state, document, certificates, nowMs: TEST_EPOCH_MS });
    const text = 'the rule three wants 3 signers, 1 signed: broken: three';
    expect(openApprovals(findings)).toEqual([{ rule: 'three', missing: 2, text }]);
  });

  it('refuse when one cannot be evaluated or compiled (PO-9)', () => {
    const zero = realmWith(release('zero', '1 / (anchor.keyBits - anchor.keyBits) == 1'));
    expect(verdict(zero, addSixth)).toContain('POLICY: the rule zero cannot be evaluated');
    // Such a charter may come from a version that knew more.
    const unknown = realmWith(release('newer', 'anchor.quantumSafe'));
    expect(verdict(unknown, addSixth)).toContain('POLICY: the rule newer is wrong');
  });

  it('refuse an anchor that enters without a certificate, and judge one that leaves', () => {
    const realm = realmWith(release('known', "change.kind == 'revoke' || anchor.known"));
    const none = new Map<AnchorId, Uint8Array>();
    expect(verdict(realm, addSixth, { certificates: none })).toContain('POLICY: the certificate');
    expect(verdict(realm, revokeFirst, { certificates: none })).toBe('passes');
  });
});

describe('rules for charters', () => {
  const note: PolicyRule = {
    name: 'ticket',
    for: 'charter',
    that: "charter.note.matches('CHG-[0-9]+') && charter.addedSigners.size() <= 1",
    message: 'name the ticket',
  };

  it('judge the next charter by those of the one in force', () => {
    const judged = (text: string): string => {
      const copy = realmWith(note);
      const { document } = copy.nextCharter((charter) => ({ ...charter, note: text }));
      return verdictFor(copy, document, 2);
    };
    expect(judged('no reason')).toContain('the rule ticket refuses it: name the ticket');
    expect(judged('CHG-1')).toBe('passes');
  });

  it('never judge a charter that changes the policy: a wrong rule can be taken back', () => {
    const realm = realmWith({ ...note, that: 'false' });
    const { document } = realm.nextCharter(({ policy: _, ...charter }) => charter);
    expect(verdictFor(realm, document, 2)).toBe('passes');
  });

  it('refuse a charter whose new rules do not compile', () => {
    const realm = realmWith(note);
    const broken = { rules: [{ ...note, that: 'charter.nothing' }] };
    const { document } = realm.nextCharter((charter) => ({ ...charter, policy: broken }));
    expect(verdictFor(realm, document, 2)).toContain('POLICY: the rule ticket is wrong');
  });

  /** By the state in which only so many charters are known. */
  function verdictFor(
    realm: TestRealm,
    document: TestDocument['document'],
    charters: number,
  ): string {
    const whole = realm.trustedState();
    const state = { ...whole, charters: whole.charters.slice(0, charters) };
    try {
      const submission = { state, document, certificates, nowMs: TEST_EPOCH_MS };
      submissionPolicy.require(submission, 'submission');
      return 'passes';
    } catch (thrown) {
      const { code, message } = KedgeError.from(thrown);
      return `${code}: ${message}`;
    }
  }
});

describe('rules for rollouts', () => {
  it('see in which hours waves open, and how many programs of one identity count', () => {
    const hours =
      "rollout.windows == ['mon-thu 09:00-16:00', ''] && rollout.maxPerIdentity == 20 && " +
      "rollout.openings == ['region=iad,tier=canary mon-thu 09:00-16:00', 'all always']";
    const realm = createTestRealm({ rolloutSigner: 'deploy' });
    const rule = { ...release('hours', hours), for: 'rollout' } as const;
    realm.nextCharter((charter) => ({ ...charter, policy: { rules: [rule] } }));
    const { sequence, digest } = realm.nextRelease(BUNDLE, addActive(...anchors));
    const window = { days: [1, 2, 3, 4], startMinute: 540, minutes: 420 };
    const match = new Map([
      ['region', 'iad'],
      ['tier', 'canary'],
    ]);
    const waves = [{ ...EVERYBODY, name: 'first', match, window }, EVERYBODY];
    const plan = rolloutPlan({ sequence, digest }, undefined, { waves, maxPerIdentity: 20 });
    const options = { after: 'nothing' } as const;
    expect(verdictOn(realm, realm.nextRollout(BUNDLE, plan, options))).toBe('passes');
    const { maxPerIdentity: _, ...other } = plan;
    const refused = realm.nextRollout(BUNDLE, other, options);
    expect(verdictOn(realm, refused)).toContain('POLICY: the rule hours');
  });
});
