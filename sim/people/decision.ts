/**
 * Charters that decide about forks, and releases on top of what stands; signed when they are
 * needed, and once per process.
 *
 * @module
 */
import type { Resolution } from '../../src/core/charter/charter.ts';
import {
  parseSequence,
  releaseStream,
  rolloutStream,
  type Sha256,
  type StreamName,
} from '../../src/core/ids.ts';
import type { NamedRelease } from '../../src/core/rollouts/body.ts';
import type { ReleaseHead, RolloutHead } from '../../src/core/trusted/state.ts';
import type { TestDocument, TestRealm } from '../../src/testing/realm.ts';
import { rolloutPlan } from '../../src/testing/rollouts.ts';
import { type Published, realmAt, signersUnder } from './pool.ts';
import type { PoolContent } from './pool-waves.ts';

/** Which statement stands. */
export interface Decision {
  readonly stream: StreamName;
  readonly sequence: number;
  readonly digest: Sha256;
}

/** A charter that decides, and what led to it. */
export interface Decided {
  /** Of the pool with the charters up to the base. */
  readonly content: PoolContent;
  readonly base: number;
  /** What each charter after the base decided. */
  readonly charters: readonly (readonly Decision[])[];
  readonly published: Published;
  readonly realm: TestRealm;
}

const charters = new Map<string, Decided>();
const onTops = new Map<string, Published>();

/** Signs the last of a row of charters after version `base`, each with what it decides. */
export function signDecision(
  { content, base }: Pick<Decided, 'content' | 'base'>,
  made: Decided['charters'],
): Decided {
  const key = `${content} ${base} ${JSON.stringify(made)}`;
  const known = charters.get(key);
  if (known !== undefined) return known;
  const realm = realmAt(base, content);
  for (const decisions of made) {
    const resolutions = decisions.map(
      (one): Resolution => ({
        ...one,
        sequence: parseSequence(one.sequence),
      }),
    );
    realm.nextCharter((charter) => ({ ...charter, resolutions }), { signers: signersUnder(base) });
  }
  const published = { ...realm.charter, blobs: [], place: -1 };
  const decided = { content, base, charters: made, published, realm };
  charters.set(key, decided);
  return decided;
}

/** Signs the release after a head. */
export function signOnTop({ base, realm, published }: Decided, head: ReleaseHead): Published {
  const { bundle } = head.body;
  return once(`${published.digest} ${head.digest}`, () =>
    realm.nextRelease(bundle, (content) => ({ ...content, note: 'decided' }), {
      after: { ...placeOf(head), stream: releaseStream(bundle), body: head.body },
      signers: signersUnder(base),
    }),
  );
}

/** Signs the rollout after a head: of a release that stands, from the one before. */
export function signRolloutOnTop(
  { realm, published }: Decided,
  {
    head,
    to,
    from,
  }: {
    readonly head: RolloutHead;
    readonly to: NamedRelease;
    readonly from: NamedRelease | undefined;
  },
): Published {
  const { bundle, waves } = head.body;
  return once(`${published.digest} ${head.digest} ${to.digest}`, () =>
    realm.nextRollout(bundle, rolloutPlan(to, from, { note: 'decided', waves }), {
      after: { ...placeOf(head), stream: rolloutStream(bundle), body: head.body },
    }),
  );
}

function placeOf(head: ReleaseHead | RolloutHead) {
  const { sequence, digest, issuedMs, expiresMs, bodyBytes, statement } = head;
  return { sequence, digest, issuedMs, expiresMs, document: { statement, body: bodyBytes } };
}

function once(key: string, sign: () => TestDocument): Published {
  const known = onTops.get(key);
  if (known !== undefined) return known;
  const onTop = { ...sign(), blobs: [], place: -1 };
  onTops.set(key, onTop);
  return onTop;
}
