/**
 * Lifecycle of anchors, I01, I03, I04 and I14: what the quorum of the release role cannot do, or
 * not yet.
 */
import type { ConformanceCase } from '../format.ts';
import { CaseBuilder } from './case-builder.ts';
import {
  anchorEntry,
  at,
  bodyValue,
  DAY,
  type JsonObject,
  roleEntry,
  SECOND,
  signerEntry,
  T0,
  textAt,
  tombstoneEntry,
} from './realm.ts';

const HOLD_DOWN = 3600 * SECOND;
const STAGED = { state: 'staged' } as const;
const CLIENT = { purposes: ['tls-client'] };
const ONE = anchorEntry('one');
/** Erin publishes; the charter is Alice's, Bob's and Carol's. */
const ERIN = { by: ['erin'] } as const;
/** What the revoke role signs lasts thirty days at most. */
const SOON = { expiresMs: T0 + 20 * DAY } as const;

/** The cases. */
export function lifecycleCases(): readonly ConformanceCase[] {
  return [holdDown(), comingBack(), blastRadius(), freshClient()];
}

function begun(name: string, about: string): CaseBuilder {
  const builder = new CaseBuilder(name, about);
  builder.begin();
  builder.apply(builder.release([ONE]), 'accepted');
  return builder;
}

function holdDown(): ConformanceCase {
  const builder = begun('I01 activate-before-hold-down', 'People get the time to look.');
  builder.apply(builder.release([ONE, anchorEntry('two', T0 + 60 * SECOND)]), 'LIFECYCLE', {
    about: 'it enters as active',
  });
  const second = builder.release([ONE, anchorEntry('two', T0 + 60 * SECOND, STAGED)]);
  builder.apply(second, 'accepted');
  const soon = second.issuedMs + HOLD_DOWN - SECOND;
  builder.apply(builder.release([ONE, anchorEntry('two', soon)], { issuedMs: soon }), 'LIFECYCLE', {
    about: 'a second too early',
  });
  const backdated = anchorEntry('two', second.issuedMs);
  builder.apply(builder.release([ONE, backdated], { issuedMs: soon }), 'LIFECYCLE', {
    about: 'it says that it was active all the time',
  });
  const early = anchorEntry('two', second.issuedMs - HOLD_DOWN, STAGED);
  builder.apply(builder.release([ONE, early], { issuedMs: soon }), 'LIFECYCLE', {
    about: 'it says that it was staged earlier',
  });
  const due = second.issuedMs + HOLD_DOWN;
  builder.apply(builder.release([ONE, anchorEntry('two', due)], { issuedMs: due }), 'accepted');
  return builder.done();
}

function comingBack(): ConformanceCase {
  const about = 'What was revoked stays so, whoever signs: the charter quorum too.';
  const builder = new CaseBuilder('I03 revoked-to-active', about);
  builder.begin();
  builder.apply(builder.release([ONE, anchorEntry('two')]), 'accepted');
  const tombstones = [tombstoneEntry('two', 2, 'revoked')];
  builder.apply(
    builder.release(bodyValue([ONE], { tombstones }), { by: ['dave'], ...SOON }),
    'accepted',
  );
  const all = { by: ['alice', 'bob', 'carol', 'dave'] };
  for (const state of ['active', 'staged', 'retiring']) {
    const back = [ONE, anchorEntry('two', T0 + 120 * SECOND, { state })];
    builder.apply(builder.release(bodyValue(back, { tombstones }), all), 'LIFECYCLE', {
      about: `it comes back as ${state}`,
    });
    builder.apply(builder.release(back, all), 'LIFECYCLE', {
      about: `as ${state}, and its tombstone goes`,
    });
  }
  return builder.done();
}

function blastRadius(): ConformanceCase {
  const name = 'I04 blast-radius';
  const builder = new CaseBuilder(name, 'Much at once takes the charter quorum as well.');
  builder.begin((charter) => {
    charter['signers'] = ['alice', 'bob', 'carol', 'dave', 'erin'].map((id) => signerEntry(id));
    at(charter, 'roles')['release'] = roleEntry(1, 'erin');
  });
  const names = ['one', 'two', 'three', 'four'];
  const first = [...names.map((one) => anchorEntry(one)), anchorEntry('five', T0, CLIENT)];
  builder.apply(builder.release(first, ERIN), 'accepted');
  const without = (...gone: readonly string[]): JsonObject => {
    const left = ['one', 'two', 'three', 'four', 'five'].filter((one) => !gone.includes(one));
    return bodyValue(
      left.map((one) => anchorEntry(one, T0, one === 'five' ? CLIENT : {})),
      { tombstones: tombs(gone) },
    );
  };
  for (const by of [['erin'], ['erin', 'alice'], ['erin', 'alice', 'mallory']]) {
    builder.apply(builder.release(without('one', 'two'), { by }), 'BLAST_RADIUS', {
      about: `two of five, signed by ${by.join(', ')}`,
    });
    builder.apply(builder.release(without('five'), { by }), 'BLAST_RADIUS', {
      about: `the last one of a purpose, signed by ${by.join(', ')}`,
    });
  }
  builder.apply(builder.release(without('one', 'two'), { by: ['dave'], ...SOON }), 'BLAST_RADIUS', {
    about: 'by the revoke role',
  });
  const both = { by: ['erin', 'alice', 'bob'] };
  builder.apply(builder.release(without('one', 'two', 'five'), both), 'accepted');
  return builder.done();
}

function tombs(gone: readonly string[]): JsonObject[] {
  return gone
    .map((one) => tombstoneEntry(one, 2, 'revoked'))
    .toSorted((a, b) => (textAt(a, 'id') < textAt(b, 'id') ? -1 : 1));
}

function freshClient(): ConformanceCase {
  const name = 'I14 fresh-client';
  const linked = 'nodes take one after the other, and fetch what they lack: C03';
  const builder = new CaseBuilder(name, 'Who begins with nothing judges by what is signed.', {
    skip: { peer: linked, admin: linked },
  });
  builder.begin();
  const first = builder.release([ONE]);
  const second = builder.release([ONE, anchorEntry('two', T0 + 60 * SECOND, STAGED)], {
    after: first,
  });
  const due = second.issuedMs + HOLD_DOWN;
  const third = builder.release([ONE, anchorEntry('two', due)], { after: second, issuedMs: due });
  const forged = builder.release([ONE, anchorEntry('two', due)], {
    after: second,
    issuedMs: due,
    by: ['alice'],
  });
  const jump = { mode: 'jump' } as const;
  builder.apply(forged, 'THRESHOLD', { ...jump, about: 'that it is active is not signed' });
  builder.apply(third, 'accepted', { ...jump, about: 'a quorum signed that it is active' });
  builder.apply(second, 'ROLLBACK', { ...jump, about: 'the past, in which it was staged' });
  return builder.done();
}
