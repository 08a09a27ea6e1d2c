/**
 * The proofs of forks that a program shows to nodes: what a node would call no proof would end its
 * connection, again and again, and what a thief put beside the signatures would not be taken.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { AttestedRealm } from '../../../src/client/verified/attested-realm.ts';
import { ComingReleases } from '../../../src/client/verified/coming.ts';
import { Pending } from '../../../src/client/verified/pending.ts';
import { VerifiedRealm } from '../../../src/client/verified/verified-realm.ts';
import { CHARTER_STREAM, type StreamName } from '../../../src/core/ids.ts';
import { RegionView } from '../../../src/core/log/region-view.ts';
import { treeRoot } from '../../../src/core/log/tree.ts';
import { acceptDocument, acceptEvidence } from '../../../src/core/trusted/accept.ts';
import { makeEvidence, statementsOf } from '../../../src/core/trusted/evidence.ts';
import { type Evidence, forkOf, headOf } from '../../../src/core/trusted/state.ts';
import type { WatchResponse } from '../../../src/core/watch/messages.ts';
import { cosign, FRA, logOf, regionsOf } from '../../core/log/fixtures.ts';
import { PAYMENTS } from '../../core/releases/bodies.ts';
import { NOW_MS, REALM } from '../../core/support.ts';
import {
  BRANCHED,
  type BranchedCharter,
  type BranchedRelease,
  Branches,
} from '../../service/support/branches.ts';

const realm = new Branches(NOW_MS, regionsOf(FRA));
const { root } = realm;
const stolen = realm.stolen(root, 'stolen');
const first = realm.release(root, undefined, 'ours');
const waves = (note: string): BranchedRelease =>
  realm.release(stolen, first, { note, delivery: 'waves' });
const [one, two, three] = [waves('one'), waves('two'), waves('three')];

describe('the forks that a program shows', () => {
  let program: AttestedRealm;
  let pending: Pending;

  beforeEach(() => {
    pending = new Pending();
    const pin = { realm: REALM, firstCharterDigest: root.digest, bundles: [PAYMENTS] };
    program = new AttestedRealm({
      realm: new VerifiedRealm({ ...pin, minSequences: new Map() }),
      regions: new RegionView({ realm: REALM, threshold: 1, localMs: NOW_MS }),
      bundles: [PAYMENTS],
      knownCharter: undefined,
    });
    apply(charters(root, stolen));
    const log = logOf([root, stolen].map(({ document }) => document.statement.payload));
    apply(cosigned(CHARTER_STREAM, 2, treeRoot(log.frontier)));
    apply(update(first));
    const releases = logOf([first.document.statement.payload]);
    apply(cosigned(BRANCHED, 1, treeRoot(releases.frontier)));
    apply(shown(one));
  });

  it('end with the charters that a recovery replaced', () => {
    const coming = new ComingReleases([PAYMENTS]);
    const { statement, body } = first.document;
    const offer = { chain: [statement], body, mode: 'linked' } as const;
    const { state } = acceptDocument(stolen.state, offer, NOW_MS);
    const head = headOf(state, BRANCHED);
    if (head === undefined) throw new Error('no head');
    coming.stand(PAYMENTS, head, 'in-use');
    for (const each of [one, two]) coming.show(state, update(each).update, NOW_MS);
    expect(coming.forks()).toHaveLength(1);
    coming.govern(realm.recovered(root, 1).state);
    expect(coming.forks()).toEqual([]);
  });

  it('have no signatures but those that count, whatever came beside them', () => {
    const { statement } = two.document;
    const garbage = {
      keyId: statement.signatures[0]?.keyId ?? '',
      signature: new Uint8Array(4096),
    };
    const signatures = [...statement.signatures, ...Array.from({ length: 60 }, () => garbage)];
    const padded = { ...statement, signatures } as typeof statement;
    apply(shown({ ...two, document: { ...two.document, statement: padded } }));
    const [evidence, ...others] = program.forks();
    expect(others).toEqual([]);
    expect(evidence && statementsOf(evidence).map((each) => each.signatures.length)).toEqual([
      2, 2,
    ]);
  });

  it('are one of a stream, when a node told of another one there', () => {
    apply(shown(two));
    const told = proof(two, three);
    expect(apply({ kind: 'fork', evidence: told })).toMatchObject({ kind: 'forked' });
    expect(program.forks()).toHaveLength(1);
    const { state } = acceptEvidence(stolen.state, proof(one, two));
    expect(program.forks()[0]).toEqual(forkOf(acceptEvidence(state, told).state, BRANCHED));
  });

  function apply(message: WatchResponse): ReturnType<AttestedRealm['apply']> {
    return program.apply(message, pending, NOW_MS);
  }
});

/** Two releases for one place. */
function proof(...all: readonly BranchedRelease[]): Evidence {
  const statements = all.map(({ document }) => document.statement);
  return makeEvidence(BRANCHED, one.sequence, statements);
}

function charters(...all: readonly BranchedCharter[]): WatchResponse {
  return { kind: 'charters', charters: all.map(({ document }) => document) };
}

function update({ document }: BranchedRelease): Extract<WatchResponse, { kind: 'update' }> {
  const { statement, body } = document;
  const content = { kind: 'whole', body } as const;
  return { kind: 'update', update: { bundle: PAYMENTS, statements: [statement], content } };
}

function shown(release: BranchedRelease): WatchResponse {
  return { ...update(release), kind: 'waiting' };
}

function cosigned(
  stream: StreamName,
  size: number,
  treeHash: ReturnType<typeof treeRoot>,
): WatchResponse {
  const checkpoint = { realm: REALM, stream, size, root: treeHash };
  return {
    kind: 'cosigned',
    leaf: { checkpoint, lines: [cosign(FRA, checkpoint, 1)], proof: [] },
  };
}
