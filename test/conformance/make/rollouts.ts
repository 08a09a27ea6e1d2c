/**
 * Rollouts: C18 and C19 of the sequences, I05 and I06 of what a rollout may name.
 */
import type { ConformanceCase } from '../format.ts';
import { CaseBuilder, type CaseOptions } from './case-builder.ts';
import {
  anchorEntry,
  at,
  bodyValue,
  type Doc,
  type JsonObject,
  PAYMENTS,
  roleEntry,
  signerEntry,
} from './realm.ts';

const STREAM = `rollout/${PAYMENTS}`;
/** Erin signs rollouts. */
const ERIN = { stream: STREAM, by: ['erin'] } as const;
/** What a program says to any of them. */
const FOR_NODES = {
  instead: { client: 'TYPE' },
  why: 'rollouts are for nodes, which evaluate them: to a program they are no releases',
} as const;
const UNKNOWN = 'ab'.repeat(32);

/** The cases of group C about rollouts. */
export function rolloutSequences(): readonly ConformanceCase[] {
  return [slowCeremony(), crossStream(), signers()];
}

/** The cases of group I about rollouts. */
export function rolloutContents(): readonly ConformanceCase[] {
  return [unapproved(), notHeld(), goingBack()];
}

function withRollouts(charter: JsonObject): void {
  const names = ['alice', 'bob', 'carol', 'dave', 'erin'];
  charter['signers'] = names.map((name) => signerEntry(name));
  at(charter, 'roles')['rollout'] = roleEntry(1, 'erin');
}

function begun(
  name: string,
  about: string,
  releases: number,
  skip: CaseOptions['skip'] = {},
): { readonly builder: CaseBuilder; readonly docs: readonly Doc[] } {
  const builder = new CaseBuilder(name, about, { skip });
  builder.begin(withRollouts);
  const docs = Array.from({ length: releases }, (_, index) => {
    const doc = builder.release(noted(`release ${index + 1}`));
    builder.apply(doc, 'accepted');
    return doc;
  });
  return { builder, docs };
}

function noted(note: string): JsonObject {
  return bodyValue([anchorEntry('one')], { delivery: 'waves', note });
}

type Named = Pick<Doc, 'sequence' | 'digest'>;

/** A rollout of everybody at once. */
function plan(to: Named, from?: Named, state = 'running'): JsonObject {
  const named = ({ sequence, digest }: Named): JsonObject => ({ sequence, digest });
  return {
    bundle: PAYMENTS,
    ...(from !== undefined && { from: named(from) }),
    note: '',
    state,
    to: named(to),
    waves: [
      {
        gates: { loadedPercent: 0, maxFailures: 0, minReporters: 0, soakSeconds: 0 },
        match: {},
        name: 'everybody',
        percent: 100,
      },
    ],
  };
}

function slowCeremony(): ConformanceCase {
  const { builder, docs } = begun('C18 slow-ceremony', "Rollouts are in no release's way.", 1);
  const draft = builder.release(noted('drafted before all rollouts'));
  const [first] = docs;
  if (first === undefined) throw new Error('one was made');
  for (let count = 0; count < 10; count += 1) {
    const state = count % 2 === 0 ? 'running' : 'paused';
    builder.apply(builder.release(plan(first, undefined, state), ERIN), 'accepted', FOR_NODES);
  }
  builder.apply(draft, 'accepted', { about: 'the release that was signed meanwhile' });
  builder.restart();
  builder.apply(builder.release(plan(draft, first), ERIN), 'accepted', FOR_NODES);
  return builder.done();
}

function crossStream(): ConformanceCase {
  const about = 'A later statement names no older charter, in its stream and in the other one.';
  const { builder, docs } = begun('C19 cross-stream-regress', about, 1);
  builder.apply(builder.charter(withRollouts), 'accepted');
  const second = builder.release(noted('2'), { charterVersion: 2 });
  builder.apply(second, 'accepted');
  const older = builder.release(plan(second, docs[0]), { ...ERIN, charterVersion: 1 });
  builder.apply(older, 'ROLLBACK', {
    ...FOR_NODES,
    about: 'a rollout under an older charter than its release',
  });
  builder.apply(builder.release(plan(second, docs[0]), ERIN), 'accepted', FOR_NODES);
  const third = builder.release(noted('3'), { charterVersion: 1 });
  builder.apply(third, 'ROLLBACK', { about: 'a release under an older charter than the head' });
  return builder.done();
}

function signers(): ConformanceCase {
  const about = 'A rollout is signed by its role and by no other.';
  const { builder, docs } = begun('C19 rollout-signers', about, 1);
  const [first] = docs;
  if (first === undefined) throw new Error('one was made');
  for (const by of [[], ['alice', 'bob', 'carol'], ['dave'], ['mallory']]) {
    builder.apply(builder.release(plan(first), { ...ERIN, by }), 'THRESHOLD', {
      ...FOR_NODES,
      about: `signed by ${by.length === 0 ? 'nobody' : by.join(', ')}`,
    });
  }
  builder.apply(builder.release(noted('2'), { by: ['erin'] }), 'THRESHOLD', {
    about: 'a release signed by who may sign rollouts',
  });
  builder.apply(builder.release(plan(first), { ...ERIN, by: ['erin', 'mallory'] }), 'accepted', {
    ...FOR_NODES,
    valid: 1,
  });
  return builder.done();
}

function unapproved(): ConformanceCase {
  const about = 'A rollout names releases that were approved and are here.';
  const { builder, docs } = begun('I05 unapproved', about, 2);
  const [first, second] = docs;
  if (first === undefined || second === undefined) throw new Error('two were made');
  const refused = (to: Named, from: Named | undefined, what: string): void => {
    builder.apply(builder.release(plan(to, from), ERIN), 'POLICY', { ...FOR_NODES, about: what });
  };
  refused({ ...second, digest: UNKNOWN }, first, 'the newest by another digest');
  refused({ ...first, digest: UNKNOWN }, undefined, 'an older one by another digest');
  refused(second, { ...first, digest: UNKNOWN }, 'another digest as what was there before');
  builder.apply(builder.release(plan(second, first), ERIN), 'accepted', FOR_NODES);
  return builder.done();
}

function notHeld(): ConformanceCase {
  const { builder, docs } = begun('I05 not-held', 'What lacks a signature is not approved.', 1, {
    peer: 'a node asks its peer for the release, and waits: test/core/gossip/rollouts.test.ts',
  });
  const draft = builder.release(noted('2'), { by: ['alice'] });
  builder.apply(draft, 'THRESHOLD');
  const rollout = builder.release(plan(draft, docs[0]), ERIN);
  builder.apply(rollout, 'GAP', FOR_NODES);
  builder.apply(builder.release(noted('2')), 'accepted', { about: 'with both signatures, it is' });
  builder.apply(rollout, 'accepted', FOR_NODES);
  return builder.done();
}

function goingBack(): ConformanceCase {
  const { builder, docs } = begun('I06 older-than-installed', 'A rollout only goes forward.', 3);
  const [first, second, third] = docs;
  if (first === undefined || second === undefined || third === undefined) throw new Error('three');
  const refused = (to: Named, from: Named | undefined, what: string): void => {
    builder.apply(builder.release(plan(to, from), ERIN), 'ROLLBACK', { ...FOR_NODES, about: what });
  };
  refused(second, third, 'from a newer release');
  refused(second, second, 'from the release to itself');
  builder.apply(builder.release(plan(third, second), ERIN), 'accepted', FOR_NODES);
  refused(second, first, 'to an older release than the rollout before');
  refused(third, first, 'from an older release than the rollout before');
  refused(third, undefined, 'from nothing');
  builder.restart();
  refused(second, first, 'also after a restart');
  builder.apply(builder.release(plan(third, second, 'aborted'), ERIN), 'accepted', FOR_NODES);
  return builder.done();
}
